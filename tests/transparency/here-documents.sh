#: a quoted delimiter keeps the text as it is
cat <<'EOF'
$HOME `id` $(id) \$x \\ "quotes" 'too'
EOF
#: a plain delimiter expands
x=5
cat <<EOF
x is $x, ${x}0, $((x * 2)), $(echo sub) \$x \\ "$x" '$x'
EOF
#: tabs are taken off with a dash
cat <<-EOF
	one
		two
  	three
	EOF
echo after
#: two on one line
cat <<A - <<B
first
A
second
B
#: two descriptors, two texts
cat /dev/fd/3 /dev/fd/4 3<<A 4<<B
three
A
four
B
#: an empty one
cat <<EOF
EOF
echo "[$?]"
#: into a loop
while read -r a b; do echo "$b-$a"; done <<EOF
1 one
2 two
3 three four
EOF
#: inside a substitution
echo "$(cat <<'EOF'
in $x ) and "more
EOF
)"
#: inside a function, with its arguments
f() {
    cat <<EOF
$# arguments: $1, ${2-none}
EOF
}
f a; f a b
#: a missing end is a warning
cat <<EOF
one
two
#: a backslash at the line's end joins
cat <<EOF
one \
two
EOF
cat <<'EOF'
one \
two
EOF
#: a here-string is expanded and gets a line end
x='a  b'
cat <<< $x; cat <<< "$x"; cat <<< 'a $x'; wc -c <<< ""
#: a here-string from an array and from a command
a=(1 2 "3 4")
cat <<< "${a[@]}"; cat <<< "$(printf '%s\n' "${a[@]}")"; read -r x y <<< "7 8 9"; echo "$y"
#: into a pipe and onwards
cat <<EOF | tr a-z A-Z | sed 's/$/!/'
one
two
EOF
#: written to a file with its variables
n=3
cat > out.txt <<EOF
$n: $(seq -s, $n)
EOF
cat out.txt; wc -l < out.txt
