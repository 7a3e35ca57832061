#: large
seq 100000
#: large on standard error
seq 50000 >&2
#: both at once
for i in {1..2000}; do echo "out $i"; echo "err $i" >&2; done
#: every byte
for i in {0..255}; do printf "\\x$(printf %x $i)"; done
#: without an end of line
printf 'no end'; printf 'no end either' >&2
#: many nuls
head -c 100000 /dev/zero
#: long lines
printf '%0100000d\n' 7 | tr 0 x
#: a reader that stops
seq 1000000 | head -2; yes | head -c 10 | od -c
#: SIGPIPE in a child
bash -c 'trap "" PIPE; seq 100000 2>/dev/null; echo $? >&2' | head -1
#: SIGPIPE ends the shell quietly
(for i in {1..20000}; do echo $i; done; echo never >&2) | head -1; echo "${PIPESTATUS[@]}"
#: long arguments
x=$(printf '%0100000d' 0); echo ${#x}; /bin/echo "$x" | wc -c; set -- $(seq 5000); echo $#; /bin/echo "$@" | wc -c
#: an argument that is too long
x=$(printf '%0200000d' 0); /bin/true "$x"; echo $?
#: a long script
eval "$(for i in {1..500}; do echo "v$i=$i"; done)"; echo $v500
#: a large environment
export BIG=$(printf '%090000d' 1); sh -c 'echo ${#BIG}'; env | wc -c | grep -c .
#: unbuffered order
echo 1; echo 2 >&2; sh -c 'echo 3; echo 4 >&2'; echo 5
#: progress with carriage returns
for i in 1 2 3; do printf '\r%d%%' $i >&2; done; echo >&2; printf '\a\b\033[31mred\033[0m\n'
