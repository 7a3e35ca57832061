#: set, read and count
declare -A m; m[a]=1; m[b c]=2; echo "${m[a]}" "${m[b c]}" "${#m[@]}" "${m[none]-none}"
#: given at once, keys sorted
declare -A m=([x]=1 [y]=2 [z]=3); printf '%s\n' "${!m[@]}" | sort; printf '%s\n' "${m[@]}" | sort
#: a key that is a variable or holds quotes
declare -A m; k="it's a \"key\""; m[$k]=v; echo "${m[$k]}"; m['$k']=literal; echo "${m['$k']}"; for k in "${!m[@]}"; do echo "$k"; done | sort
#: keys removed
declare -A m=([a]=1 [b]=2); unset 'm[a]'; echo "${!m[@]}"; m=(); echo "${#m[@]}"
#: counting words
declare -A n; for w in a b a c b a; do ((n[$w]++)); done; for w in a b c; do echo "$w ${n[$w]}"; done
#: tested for a key
declare -A m=([a]=); [[ -v m[a] ]] && echo yes; [[ -v m[b] ]] || echo no; echo "${m[a]+set}${m[b]+set}"
#: appended
declare -A m=([a]=x); m[a]+=y; m+=([b]=z); echo "${m[a]} ${m[b]}"
#: pairs as alternating words
declare -A m=(a 1 b 2); echo "${m[a]}${m[b]}"; echo "${m[@]@K}" | tr ' ' '\n' | sort | tr '\n' ' '
#: local to a function
f() { local -A m=([k]=inner); echo "${m[k]}"; }; declare -A m=([k]=outer); f; echo "${m[k]}"
#: an empty key is an error
declare -A m; m['']=x; echo "$?"
#: printed by declare
declare -A m=([k]='v 1'); declare -p m; declare -Ar r=([a]=b); r[a]=c; echo after
