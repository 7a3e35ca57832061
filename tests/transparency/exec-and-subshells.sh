#: exec takes the place
echo a; exec printf 'b\n'; echo never
#: exec of what is not there
exec nothing_of_that_name; echo never
#: exec of what is not there goes on on demand
shopt -s execfail; exec nothing_of_that_name; echo "still $?"
#: exec with another name and a clean environment
exec -a other bash -c 'echo $0'; echo never
#: exec -c
X=1 exec -c /usr/bin/env
#: exec keeps the process
p=$$; exec bash -c "[ $p = \$\$ ] && echo same"
#: exec and EXIT trap
trap 'echo trapped' EXIT; exec true
#: variables and directories of a subshell
x=1; (x=2; cd /; echo $x $PWD); echo $x; pwd | grep -c work; y=$(x=3; echo $x); echo $x $y
#: the exit code of a subshell
(exit 5); echo $?; (false); echo $?; (exit); echo $?; (exit 256); echo $?; (exit -1); echo $?
#: exit in a substitution
echo "$(echo a; exit 3; echo b)"; x=$(exit 7); echo $?; exit $x
#: deeply nested
((((echo deep) | cat) | cat) | cat); (((exit 9))); echo $?
#: a pipe's parts are subshells
x=1; echo a | x=2; echo $x; echo b | { read -r x; echo "in $x"; }; echo $x; { x=5; } ; echo $x
#: a group is none
{ x=9; cd /; }; echo $x $PWD; ( { exit 4; } ); echo $?; { return 3; } 2>/dev/null; echo $?
#: time and space
time_it() { TIMEFORMAT=took; time "$@"; }; time_it true; { time sleep 0; } 2>&1; TIMEFORMAT=; time (exit 3); echo $?
#: the usual form of time
{ time true; } 2>&1 | tr 0-9 N; { time -p true; } 2>&1 | tr 0-9 N
