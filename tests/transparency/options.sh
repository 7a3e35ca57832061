#: -x traces
set -x; echo a "b c" $'t\tt'; x=1; [ $x = 1 ]; for i in 1; do :; done; [[ a == a ]]; ((x + 1)); f() { echo $1; }; f y; case a in a) ;; esac; (echo s); y=$(echo c)
#: -x with another prefix
PS4='$LINENO:${FUNCNAME-main}> '; set -x; f() { :
:
}; f; echo "$(echo in)"; set +x; echo off
#: -x into a descriptor
exec 9> trace; BASH_XTRACEFD=9; set -x; echo a; set +x; cat trace
#: -v shows what is read
#= forms: c file
set -v; echo a
echo b; # comment
x=1
set +v
#: -x given
#= options: -x
echo a; x=$((1 + 1)); echo "$x"
#: -v given
#= forms: c file
#= options: -v
echo a
echo b
#: -n reads and runs nothing
#= options: -n
echo never; exit 5
#: -n finds errors
#= options: -n
echo never
if; fi
#: -f, -a, -k given
#= options: -f
touch a b; echo *; set -a; x=1; env | grep ^x=; set +a; y=2; env | grep ^y=; set -k; sh -c 'echo "[$z]"' z=5
#: -o and +o by name
#= options: -o noglob -o nounset
echo *; echo "$-"; set +o nounset; echo "[$none]"
#: -O and +O
#= options: -O nullglob +O sourcepath
echo *.none; shopt nullglob sourcepath
#: +B switches braces off
#= options: +B
echo {a,b}; set -B; echo {a,b}
#: -p and -T and -E
#= options: -ET
trap 'echo err' ERR; f() { false; }; f; echo "$-"
#: -t runs one line
#= options: -t
echo one
echo two
#: -h, -H, -P
#= options: -P
set +h; hash; echo $?; mkdir d; ln -s d l; cd l; pwd | sed 's,.*/,,'; set -H; echo "$-"
#: --posix
#= options: --posix
set -o | grep posix; f() { :; }; echo "$(type -t f)"; echo ~; unset -f f; readonly r=1; r=2; echo never
#: --restricted
#= options: -r
cd /; echo $?; echo x > f; /bin/echo x; PATH=/; echo $?; shopt restricted_shell
#: --norc and --noprofile
#= options: --norc --noprofile
echo plain; echo "$-"
#: an option that is not there
#= options: -o nosuch
echo never
#: verbose and trace together
#= forms: c file
#= options: -vx
echo a
#: set without arguments shows variables
x='a b'; set | grep ^x=; set -o posix; set | grep -c '^f ()'
#: dump strings
#= options: -D
echo $"translate me" plain
