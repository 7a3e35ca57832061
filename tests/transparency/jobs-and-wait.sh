#: the exit code of a background job
(exit 3) & wait $!; echo $?; (exit 4) & p=$!; wait $p; echo $?; wait $p; echo $?
#: wait for all, and for nothing
sleep 0.05 & (sleep 0.02; exit 2) & wait; echo $?; wait; echo $?; wait 999999; echo $?
#: wait for the next one
mkfifo go; (read -r < go; exit 1) & (exit 7) & wait -n; echo $?; echo > go; wait -n; echo $?; wait -n; echo $?
#: wait tells which
(exit 5) & p=$!; wait -n -p which $p; echo $? $((which == p))
#: a job killed by a signal
sleep 30 & p=$!; kill -TERM $p; wait $p 2>/dev/null; echo $?; sleep 30 & kill -9 $!; wait $! 2>/dev/null; echo $?
#: the message about a killed job
{ bash -c 'kill -SEGV $$'; echo $?; bash -c 'kill -TERM $$'; echo $?; bash -c 'kill -ABRT $$'; echo $?; } 2>&1 | sed -E 's/ +[0-9]+ (Segm|Term|Abor)/ PID \1/'
#: jobs and their states
sleep 30 & sleep 31 & jobs | sed 's/ *$//'; jobs -p | wc -l; kill %1 %2; wait; jobs >/dev/null; jobs
#: disown and job names
sleep 30 & jobs %1; disown %1; jobs; echo $?; kill $!; sleep 31 & kill $!; wait %sleep 2>/dev/null; echo $?
#: job control switched on
set -m; sleep 0.05 & wait; (exit 3) & wait $!; echo $?; fg; echo $?
#: stopped and continued with job control
set -m; exec 2>/dev/null; mkfifo go; (read -r < go) & kill -STOP %1; until grep -q ') T ' /proc/$!/stat; do :; done
jobs -s | sed 's/ *$//'; kill -CONT %1; echo > go; wait %1; echo $?
#: a job reads nothing from standard input
cat & wait; echo done; read -r x; echo "[$x]"
#= stdin: line one\n
#: output of jobs comes through
for i in 1 2 3; do (echo job $i > $i) & done; wait; cat 1 2 3
#: the last job's id
true & a=$!; true & b=$!; [ $a != $b ] && echo different; wait; echo "${!:+set}"
#: a background list and its variables
x=1; { x=2; echo in $x; } & wait; echo out $x; { echo a; false; } & wait $!; echo $?
#: jobs that are left behind go on
(sleep 0.2; echo late > late.txt) & echo early
#: a job in the background of a substitution
x=$(echo now; sleep 0.05 &) ; echo "$x"; y=$( (echo a & wait) ); echo "$y"
#: suspend is refused without job control
suspend; echo $?; bg; echo $?; fg %1; echo $?; jobs %7; echo $?
