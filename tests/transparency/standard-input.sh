#: read line by line
#= stdin: one\ntwo\nthree
while read -r x; do echo "[$x]"; done; echo "[$x]"
#: read by a program
#= stdin: b\na\nc\n
sort; echo $?
#: shared by two
#= stdin: first\nsecond\nthird\n
read -r a; sed -n 1p; cat; echo "a=$a"
#: empty
cat; read -r x; echo $?
#: binary
#= stdin: \x00\x01\xff\xfe\n\x00
od -An -tx1
#: closed
exec <&-; cat; echo $?; read -r x; echo $?; echo still
#: redirected from nothing
cat < /dev/null; [ -t 0 ]; echo $?; read -r x < /dev/null; echo $?
#: passed on to a child shell
#= stdin: alpha\nbeta\n
bash -c 'read -r x; echo "child $x"'; read -r y; echo "parent $y"
#: a shell that is fed
#= stdin: echo from standard input\nexit 6\n
bash; echo $?; bash -s x y <<< 'echo "$1 $2"'
#: large
#= stdin-zeros: 300000
wc -c; echo $?
#: nobody reads it
#= stdin-zeros: 300000
echo nothing; exit 4
#: duplicated
#= stdin: x\ny\n
exec 5<&0; read -r a <&5; read -r b; echo "$a$b"; exec 5<&-
