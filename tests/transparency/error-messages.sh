#: of a line
echo 1
nothing_of_that_name
echo 3; nothing_else
#: of a function and a substitution
f() {
    nothing_of_that_name
}
f; x=$(nothing_else); echo `nothing_third`
#: syntax: an unexpected word
echo a
echo b )
echo c
#: syntax: an unexpected end
echo a
if true; then
    echo b
#: syntax: an unfinished substitution
echo a
echo $(echo b
#: syntax: an operator
echo a && && echo b
#: syntax: a bad redirection
echo a >
echo b
#: syntax: a bad function name
1 2() { :; }
#: syntax: a reserved word
done
#: syntax: inside a condition
[[ a b ]]
#: syntax: inside arithmetic
((1 + )); echo $?; echo $((1 + ))
#: syntax: a case without an end
case x in
x) echo a;;
#: syntax: a here-document without an end in a substitution
x=$(cat <<E
text
)
echo "$x"
#: readonly
readonly r=1; r=2; echo never
#: readonly goes on in a subshell
readonly r=1; (r=2; echo no); echo $?; unset r; echo $?; export r=3; echo $?
#: bad identifiers
export 1a=2; echo $?; declare 'a b=c'; echo $?; unset 'x y'; echo $?; local z; echo $?; for 1x in a; do :; done
#: bad options of builtins
cd -Q; export -Z; read -Q; echo -Q; printf -Q; echo $?; type -Q; umask -Q; trap -Q; wait -Q; echo $?
#: builtins out of place
break; continue; return; echo $?; local x=1; echo $?; shift 9; echo $?
#: numbers that are none
exit x
#: ulimit and kill complain
kill; kill x; kill -l 999; kill 2147483647; echo $?; ulimit -q 5; ulimit -n abc; echo $?
#: circular names and bad subscripts
declare -n a=a; echo $?; declare -A m; m=(x); echo $?; y=(1); y[x y]=2; echo $?
#: text that is not utf-8
echo $'\xff\xfe'; $'\xffcmd'; echo $?; cd $'\xff'; echo $?
#: control characters in a name
$'a\tb\033[31m'; echo $?; cd $'x\ny'; echo $?
#: an unbound variable in a function
set -u
f() {
    echo "$nope"
}
f
#: a binary as a script
printf 'echo a\n\0\0\0\377' > s; bash s; echo $?; head -c 100 /bin/ls > t; bash ./t; echo $?
#: a missing script, a directory as one
bash nosuch.sh; echo $?; bash /; echo $?; bash -c; echo $?; bash -Z; echo $?
