#: defaults and alternatives
unset u; e=; v=val
echo "${u-1}" "${u:-2}" "${e-3}" "${e:-4}" "${v-5}" "${v+6}" "${u+7}" "${e+8}" "${e:+9}" "${v:+10}"
#: assignment by expansion
echo "${new:=made}" "$new"; : "${other=}" ; echo "[${other}]"; echo "${new:=again}"
#: an error by expansion ends the shell
echo before; echo "${unset_name:?is needed}"; echo after
#: an error by expansion with the usual text
( : "${unset_name?}" ); echo $?; ( e=; : "${e:?}" ); echo $?
#: prefixes and suffixes taken off
p=/usr/local/lib/x.tar.gz
echo "${p#*/}" "${p##*/}" "${p%.*}" "${p%%.*}" "${p%/*}" "${p##*.}" "${p#nothing}"
#: replaced parts
s='banana bread'
echo "${s/an/AN}" "${s//an/AN}" "${s/#b/B}" "${s/%d/D}" "${s//a}" "${s/ /_}" "${s//[bn]/<&>}"
#: substrings
s=0123456789
echo "${s:3}" "${s:3:2}" "${s: -3}" "${s: -3:2}" "${s:2:-2}" "${s:20}" "[${s:0:0}]" "${s:(-4):3}"
#: length and case
s='Grüße Welt'; echo "${#s}" "${s^}" "${s^^}" "${s,,}" "${s,}" "${s^^[aeiou]}" "${s~~}"
#: indirect names and names by prefix
foo_a=1 foo_b=2; n=foo_b; echo "${!n}" "${!foo_@}" "${!foo_*}"; declare -n r=foo_a; echo "$r" "${!r}"; r=9; echo "$foo_a"
#: transformations
s='a "b" $c\n'; declare -i i=3; declare -r ro=x
echo "${s@Q}" "${s@U}" "${s@L}" "${s@u}" "${i@a}" "${ro@a}" "${i@A}"; p='\w-\$'; x='a\tb'; echo "${x@E}"
#: brace expansion
echo {a,b}{1,2} {1..5} {5..1..2} {a..e} {01..10..3} x{,y}z {a,{b,c}} {a} {,} "{a,b}" a{b c}d
#: tilde expansion
HOME=/my/home; echo ~ ~/x "~" x~ a=~ ~+ ; cd /; echo ~- | sed 's,.*,old,'; x=~:~/b; echo "$x"; echo ~nobody-of-that-name
#: command substitution strips line ends only
x=$(printf 'a\n\n\n'); echo "[$x]"; y="$(printf ' a \n b \n')"; echo "[$y]"; echo `echo back` $(< /dev/null) "[$(true)]"
#: the exit code of a substitution
x=$(exit 4); echo $?; echo "$(exit 5)"; echo $?; local_test() { local y=$(exit 6); echo $?; }; local_test; z=$(false) || echo failed
#: nested deeply
echo "$(echo "$(echo "$(echo "$(echo deep)")")")" "${a:-${b:-${c:-${d:-end}}}}"
#: a bad substitution
echo before; echo "${a b}"; echo after
#: special parameters
set -- a b c; echo "$#" "$@" "$*" "${@:2}" "${*:1:2}" "${#}" "${@: -1}" "${!#}"; shift 2; echo "$1 $#"; set --; echo "[$*]$#"
#: assignments before a command, and on their own
x=1; x=2 sh -c 'echo $x'; echo $x; x=3 y=$x; echo $x $y; x=5 eval 'echo $x'; echo $x
