#: elements, length, indexes
a=(one two "three four"); echo "${a[1]}" "${#a[@]}" "${!a[@]}" "${#a[2]}" "$a" "${a[-1]}"
#: all elements as words or as one
a=(1 "2 3" 4); printf '<%s>' "${a[@]}"; echo; printf '<%s>' "${a[*]}"; echo; printf '<%s>' ${a[@]}; echo; IFS=,; echo "${a[*]}"
#: appended, holes, unset
a=(a b); a+=(c); a[7]=h; echo "${!a[@]}: ${a[@]}"; unset 'a[1]'; echo "${!a[@]}"; a+=(i); echo "${!a[@]}"; unset a; echo "${#a[@]}"
#: slices
a=(a b c d e f); echo "${a[@]:2}" "|" "${a[@]:1:2}" "|" "${a[@]: -2}" "|" "${a[@]:0:0}"
#: each element changed
a=(apple.txt pear.txt); echo "${a[@]%.txt}" "${a[@]/p/P}" "${a[@]^}" "${a[@]#*p}"
#: given in another order
a=([5]=five [2]=two six=x [3]=three); echo "${!a[@]}"; a=([10]=ten eleven twelve); echo "${!a[@]}"
#: from a command and from a split
a=($(echo 1 2 3)); echo "${#a[@]}"; IFS=, read -ra b <<< 'x,y,,z'; echo "${#b[@]}:${b[*]}"; mapfile -t c < <(printf 'l1\nl 2\n'); echo "${c[1]}"
#: arithmetic in the subscript
a=(a b c d); i=1; echo "${a[i]}" "${a[i+1]}" "${a[$i*3]}" "${a[i++]}" "$i"
#: passed to a function and by name
f() { echo "$#: $*"; }; a=("x y" z); f "${a[@]}"; f "${a[*]}"; g() { local -n arr=$1; arr+=(more); }; g a; echo "${#a[@]}"
#: declare prints it
a=(1 "two 2" $'th\tree'); declare -p a; declare -a b; declare -p b; declare -ia n=(1+1 2*3); declare -p n; readonly -a r=(x); declare -p r
#: a loop over indexes
a=([3]=c [1]=a [2]=b); for i in "${!a[@]}"; do echo "$i=${a[i]}"; done; for x in "${a[@]}"; do printf %s "$x"; done; echo
#: a bad subscript
a=(1 2); echo "${a[-5]}"; echo $?; a[-9]=x; echo "still $?"
#: copied and compared
a=(1 2 3); b=("${a[@]}"); b[0]=x; echo "${a[*]} ${b[*]}"; [[ "${a[*]}" == "1 2 3" ]] && echo same
#: element set and unset tests
a=([1]=x [2]=); [[ -v a[1] ]] && echo 1; [[ -v a[2] ]] && echo 2; [[ -v a[3] ]] || echo 3; echo "${a[3]-none}" "${a[2]-none}" "${a[2]:-empty}"
#: a pipe's exit codes
true | false | (exit 3); echo "${PIPESTATUS[@]}"; true; echo "${#PIPESTATUS[@]}"; false | true; p=("${PIPESTATUS[@]}"); echo "${p[0]}${p[1]}"
