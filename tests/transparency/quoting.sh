#: single, double and no quotes
a='x  y'; echo $a; echo "$a"; echo '$a'; echo \$a "\$a" '\$a'
#: the escapes of dollar quotes
printf '%s|' $'a\tb' $'\x41' $'\101' $'\u00e9' $'\'' $'\\' $'\e[0m' $'\cA' | od -c
#: adjacent pieces make one word
printf '<%s>' a'b'"c"\d$'e' ''"" "x"'' ; echo
#: empty words stay, empty expansions go
e=; f() { echo $#; }; f '' ""; f $e $e; f "$e" $e; f ${e:-} "${e:-}"
#: a backslash before a line end
echo one\
two "three\
four" 'five\
six'
#: special characters as arguments
printf '%s\n' '*' "?" \[a\] '{x,y}' "~" \~ '!' "a;b" 'a&b' "a|b" '#c' a#c
#: a nul byte in text from a command is dropped with a warning
x=$(printf 'a\0b'); echo "${#x}$x"
#: nested quotes inside substitutions
echo "$(echo "a $(echo "b  c")")" "`echo "d  e"`" "${x:-"f  g"}" "${x:-'h'}"
#: quotes inside braces of an expansion
x=; echo ${x:-'a  b'} ${x:-"a  b"} "${x:-a  b}" ${x:-a  b} "${x:-\}}" ${x:-\}}
#: the printf form that quotes for a shell
printf '%q\n' 'a b' "it's" '' $'a\nb' '$x' 'ü' '~' 'a=b'
#: the at forms of quoting
x="a 'b' \$c"; echo "${x@Q}" "${x@E}"; y=$'a\tb'; echo "${y@Q}"; set -- 'a b' c; echo "${@@Q}"
#: word splitting by other characters
IFS=:; x=a:b::c; set -- $x; echo $#; printf '<%s>' "$@"; echo "$*"; IFS=; set -- $x; echo $#
#: a comment only where a word begins
echo a#b #c
echo 'a' # 'b
echo $# "#"$#
#: long quoted text over many lines
x='
one "two"
	$three
'
echo "$x" | cat -A
#: an unfinished quote is an error
echo before
echo "unfinished
