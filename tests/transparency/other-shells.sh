#: sh: zero, arguments and errors
#= shell: sh
#= args: zero a "b c"
echo "$0" | sed 's,.*/,,'; echo "$# $2"; nothing_of_that_name; echo $?
#: sh: what it is
#= shell: sh
echo "${BASH_VERSION-no bash}"; readlink /proc/$$/exe; echo $-; [ "$PPID" != $$ ] && echo parent
#: sh: expansions
#= shell: sh
x=a.b.c; echo "${x%.*}" "${x##*.}" "${#x}" "${y:-default}" "$((1 + 2))" "$(echo sub)" `echo old`; set -- 1 2 3; shift; echo "$*"
#: sh: what only bash has
#= shell: sh
echo {a,b}; echo $'a'; a=1; echo "${a^^}"; echo never
#: sh: arrays are a syntax error
#= shell: sh
echo before
a=(1 2)
echo after
#: sh: functions and local variables
#= shell: sh
f() { local x=in; echo "$x $1"; return 3; }; x=out; f a; echo "$? $x"
#: sh: here-documents
#= shell: sh
x=5; cat <<A; cat <<'B'
$x $((x + 1))
A
$x
B
#: sh: traps and signals
#= shell: sh
trap 'echo bye $?' EXIT; trap 'echo term' TERM; kill -TERM $$; (exit 4)
#: sh: killed
#= shell: sh
echo a; kill -TERM $$; echo never
#: sh: set -e and set -u
#= shell: sh
set -eu; false || echo or; echo "${x-}"; (false; echo never) || echo sub; echo "$x"; echo never
#: sh: given options
#= shell: sh
#= options: -ex
echo a; false; echo never
#: sh: background and wait
#= shell: sh
(exit 3) & wait $!; echo $?; sleep 0.01 & wait; echo $?
#: sh: loops, case, tests
#= shell: sh
for i in 1 2 3; do case $i in 1) continue;; 3) break;; esac; echo $i; done; while [ "$i" -lt 5 ]; do i=$((i + 1)); done; echo $i; [ -d / ] && echo dir
#: sh: redirections
#= shell: sh
exec 3> f; echo a >&3; exec 3>&-; cat f; { echo o; echo e >&2; } 2>&1 | sort; echo x > /none/y; echo $?
#: sh: a syntax error
#= shell: sh
echo before
if then
#: sh: an unfinished quote
#= shell: sh
echo a
echo "b
#: sh: echo and printf
#= shell: sh
echo 'a\tb'; printf '%s|%d\n' x 5; echo -n no; echo; printf '%d\n' abc; echo $?
#: sh: exec and exit codes
#= shell: sh
(exec nothing_of_that_name); echo $?; (exit 300); echo $?; exec sh -c 'exit 6'
#: zsh: zero, arguments and errors
#= shell: zsh
#= args: zero a "b c"
echo "${0##*/} $# $2"; nothing_of_that_name; echo $?
#: zsh: arrays and splitting
#= shell: zsh
a=(one "two three"); echo $a[1] ${#a} $a[-1]; x='p  q'; printf '<%s>' $x ${=x}; echo
#: zsh: globs without a match
#= shell: zsh
echo *.none; echo never
#: zsh: expansions
#= shell: zsh
x=hello; echo ${(U)x} ${x[2,3]} ${x:s/l/L/} $((2 ** 8)) {1..3}
#: zsh: functions and traps
#= shell: zsh
f() { local x=in; echo $x $1; return 3; }; f a; echo $?; trap 'echo bye' EXIT; TRAPTERM() { echo term; }; kill -TERM $$; exit 5
#: zsh: a syntax error
#= shell: zsh
echo before
if then
echo never
#: zsh: killed
#= shell: zsh
echo a; kill -KILL $$; echo never
#: zsh: here-documents and pipes
#= shell: zsh
cat <<E | tr a-z A-Z
text $((1 + 1))
E
false | true; echo $pipestatus
