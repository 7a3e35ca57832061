#: written to and read from
coproc cat; echo hello >&"${COPROC[1]}"; read -r x <&"${COPROC[0]}"; echo "$x"; exec {COPROC[1]}>&-; wait; echo $?
#: with a name
coproc UP { tr -u a-z A-Z 2>/dev/null || while read -r l; do echo "${l^^}"; done; }; echo abc >&"${UP[1]}"; exec {UP[1]}>&-; cat <&"${UP[0]}"; wait $UP_PID 2>/dev/null; echo end
#: the exit code
coproc X { exit 4; }; p=$X_PID; wait $p; echo $?
#: a calculator
coproc { while read -r a b; do echo $((a + b)); done; }
for i in 1 2 3; do echo "$i $i" >&${COPROC[1]}; read -r sum <&${COPROC[0]}; echo $sum; done
exec {COPROC[1]}>&-; wait
#: variables are gone after it
coproc true; wait $COPROC_PID; for i in {1..200}; do [ -z "${COPROC_PID-}" ] && break; sleep 0.01; done; echo "${COPROC_PID-gone}"
#: redirected
coproc Q { cat >&2; } 2> err.txt; echo to-err >&${Q[1]}; exec {Q[1]}>&-; wait; cat err.txt
#: two at once are warned of
{ coproc A { read -r; }; coproc B { read -r; }; echo >&${A[1]}; echo >&${B[1]}; wait; } 2>&1 | sed -E 's/[0-9]+:A/PID:A/'
#: from a function
f() { coproc C { echo from-f; }; read -r l <&${C[0]}; echo "$l"; wait; }; f
