#: of the last command
true; false
#: given
exit 42
#: larger than a byte
exit 300
#: negative
exit -2
#: not a number
exit abc; echo never
#: too many arguments
exit 1 2; echo "still $?"
#: not found
nothing_of_that_name
#: not executable
echo 'echo no' > file; ./file
#: a directory
/tmp
#: a missing path
./missing/thing; echo $?; exit $?
#: an interpreter that is missing
printf '#!/no/such/interpreter\n' > s; chmod +x s; ./s
#: a file without an interpreter
echo 'echo "by $0"; exit 3' > s; chmod +x s; ./s
#: a binary that is none
printf '\177ELF\0\0\0' > s; chmod +x s; ./s
#: a syntax error
if
#: a syntax error in the middle
echo before
for in; do
echo after
#: terminated by TERM
kill -TERM $$
#: terminated by KILL
kill -KILL $$
#: terminated by HUP
kill -HUP $$
#: terminated by INT
kill -INT $$
#: terminated by USR1
kill -USR1 $$
#: terminated by PIPE
kill -PIPE $$; echo alive
#: terminated by ABRT
ulimit -c 0; kill -ABRT $$
#: a child that was killed
ulimit -c 0; { bash -c 'kill -SEGV $$'; echo $?; } 2>&1 | sed -E 's/ [0-9]+ Segm/ PID Segm/'
#: the last child that was killed
bash -c 'kill -TERM $$'
#: a child that exec leaves
exec bash -c 'kill -USR2 $$'
#: 128 and more by itself
exit 143
#: division by zero
echo $((1 / 0)); echo "then $?"
#: usage of a builtin
cd /none; echo $?; cd a b; echo $?; set -Z; echo $?; shift x; echo $?
#: a return at the top
return 4; echo "$?"
#: of true and false and colon
:; echo $?; true x y; echo $?; false; echo $?; ! :; echo $?
