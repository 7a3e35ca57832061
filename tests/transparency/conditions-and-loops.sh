#: file tests
touch f; mkdir d; ln -s f l; chmod 644 f; [ -f f ] && [ -d d ] && [ -L l ] && [ -e l ] && [ ! -s f ] && [ -r f ] && echo ok; [ f -ef l ] && echo same; [ -x f ] || echo no; [ f -nt none ] && echo newer
#: string tests
[ -z "" ] && [ -n x ] && [ x = x ] && [ x != y ] && [[ a < b ]] && [[ abc == a* ]] && [[ ! abc == b* ]] && echo ok; [ a \< b ] && echo less; [ "" ]; echo $?
#: regular expressions
[[ foo123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"; r='^a b$'; [[ 'a b' =~ $r ]] && echo yes; [[ a =~ "." ]]; echo $?; [[ a =~ [ ]]; echo $?
#: combined
[[ 1 -eq 1 && ( a == b || c == c ) ]] && echo yes; [ 1 = 1 -a 2 = 2 ] && echo and; [ 1 = 2 -o 2 = 2 ] && echo or; [ ! \( 1 = 2 \) ] && echo not
#: test complains
[ 1 = ; echo $?; [ a b c d ]; echo $?; test; echo $?; [ = ]; echo $?; [ -q x ]; echo $?; [[ -v x ]]; echo $?
#: if, elif, else
for x in 1 2 3; do if [ $x = 1 ]; then echo a; elif [ $x = 2 ]; then echo b; else echo c; fi; done; if false; then :; fi; echo $?
#: while and until with break and continue
i=0; while :; do i=$((i + 1)); [ $i = 2 ] && continue; [ $i = 5 ] && break; echo $i; done; until [ $i = 0 ]; do i=$((i - 1)); done; echo $i $?
#: nested break
for a in 1 2; do for b in x y; do [ $b = y ] && continue 2; [ $a = 2 ] && break 2; echo $a$b; done; done; break; echo $?; for i in; do :; done; echo $?
#: for over what is expanded
set -- x y; for a in "$@" {1..2} $(echo s t) *.none; do echo -n "$a "; done; for a; do echo -n $a; done; for i in 1 2 3; do :; done; echo $i
#: lists
true && echo a || echo b; false && echo a || echo b; true || echo no; { false; true; } && echo c; ! false && echo d; (exit 3) || echo $?
#: select the larger of two versions
v() { printf '%s\n' "$@" | sort -V | tail -1; }; v 1.10 1.9 1.2; [[ 10 > 9 ]] || echo "as text"
