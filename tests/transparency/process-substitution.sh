#: two inputs
diff <(printf 'a\nb\n') <(printf 'a\nc\n'); echo $?
#: as an output
echo text > >(tr a-z A-Z; echo end); wait $!; echo code $?
#: into a loop that keeps its variables
n=0; while read -r x; do n=$((n + x)); done < <(seq 4); echo $n
#: the path is a descriptor
[[ $(echo <(true)) == /dev/fd/* ]] && echo fd; cat <(echo a) <(echo b) <(echo c)
#: tee into two
echo data | tee >(sed 's/^/1:/' > one) >(sed 's/^/2:/' > two) > /dev/null; while [ ! -s one ] || [ ! -s two ]; do :; done; cat one two
#: in a function's arguments
f() { cat "$1" "$2"; }; f <(echo x) <(echo y); paste <(seq 3) <(seq 4 6)
#: with here-documents inside
cat <(cat <<EOF
inner $((1 + 1))
EOF
)
#: standard error apart
{ echo out; echo err >&2; } 2> >(sed 's/^/E:/' >&1; true) | sort
#: the exit code of the inner command
cat <(exit 3); echo $?; wait $!; echo $?
#: mapfile and comm
mapfile -t a < <(printf '%s\n' c a b | sort); echo "${a[*]}"; comm -12 <(printf 'a\nb\n') <(printf 'b\nc\n')
#: nested
cat <(cat <(cat <(echo innermost)))
