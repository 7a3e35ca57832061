#: a script on standard input
#= forms: stdin
echo one; x=2
echo $x; echo "$0 $#"; f() {
    echo in f
}
f
exit 5
#: a script on standard input with arguments
#= forms: stdin
#= args: zero a "b c"
echo "$#: $1, $2"
for x; do
    echo "<$x>"
done
#: a script on standard input that fails
#= forms: stdin
set -e
echo a
false
echo never
#: a script on standard input with a here-document
#= forms: stdin
cat <<EOF
text $((1+1))
EOF
echo $LINENO; cat << 'E' | tr a-z A-Z
more
E
#: a script on standard input with a syntax error
#= forms: stdin
echo before
if then
echo after
#: a script on standard input without a line end
#= forms: stdin
printf x; printf 'y'
#: a script on standard input that names what is missing
#= forms: stdin
echo a
nothing_of_that_name
echo $?
#: a script on standard input with traps and directories
#= forms: stdin
trap 'echo bye' EXIT
cd /
pwd
(exit 3)
#: an empty script on standard input
#= forms: stdin
#: a script on standard input that ends in a here-document without an end
#= forms: stdin
echo a
cat <<EOF
text
#: a script on standard input that comes with nothing at its end to read
#= forms: stdin
echo a
read -r x; echo "$? [$x]"
#: a script on standard input that reads its own text
#= forms: stdin
#= bash: [echo data]\nend\n
#= gate: []\ndata\nend\n
#= because: a command of a script on standard input cannot read what follows it there: gate has read it, and judged it as commands
read -r x; echo "[$x]"
echo data
echo end
#: a script on standard input that looks at its standard input
#= forms: stdin
#= bash: pipe\nend\n
#= gate: /dev/null\nend\n
#= because: so the standard input of its commands is empty
readlink /proc/$$/fd/0 | sed 's/:.*//'
echo end
#: a script on standard input that is shown as it is read
#= forms: stdin
#= bash: a\necho a\nsed -E 's,/proc/[0-9]+/fd/[0-9]+,MARK,; s,^ +, ,' v.txt\n
#= gate: a\n { echo a; } <MARK </dev/null\n { sed -E 's,/proc/[0-9]+/fd/[0-9]+,MARK,; s,^ +, ,' v.txt; } <MARK </dev/null\n
#= because: `-v` shows the braces in which gate hands each command of such a script over
set -v; exec 2>v.txt
echo a
sed -E 's,/proc/[0-9]+/fd/[0-9]+,MARK,; s,^ +, ,' v.txt
#: a script on standard input with a line that gate cannot read
#= forms: stdin
#= bash: 2\n
#= gate: 3\n
#= because: where gate's parser does not know how such a command ends, and it is not the last, the braces end on a line of their own, and the lines after it count one more
select x in; do :; done
echo $LINENO
#: a script on standard input that counts the descriptors of its shell
#= forms: stdin
#= bash: 0\nend\n
#= gate: 2\nend\n
#= because: the shell of such a script holds two descriptors more while a command runs, its script and its own standard input; no program inherits them
n=(/proc/$$/fd/*); n=${#n[@]} bash -c 'm=(/proc/$$/fd/*); echo $((n - ${#m[@]}))'
echo end
