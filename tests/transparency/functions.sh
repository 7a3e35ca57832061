#: arguments, return code, recursion
f() { echo "$# $1"; return 3; }; f a b; echo $?; fact() { (($1 < 2)) && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }; fact 6
#: local variables and what is seen from inside
x=global; f() { local x=local; g; echo "$x"; }; g() { echo "g: $x"; x=changed; }; f; echo "$x"
#: the name and the callers
f() { echo "${FUNCNAME[*]} ${#FUNCNAME[@]}"; }; g() { f; }; g; f; echo "${FUNCNAME-none}"
#: the lines of the callers
f() {
    caller; caller 0; echo "${BASH_LINENO[*]}"
}
g() {
    f
}

g
#: other ways to define one
function f { echo f; }; function g() { echo g; }; h() ( x=sub; echo h ); f; g; h; echo "[$x]"; i() if true; then echo i; fi; i
#: redirects that belong to the function
f() { echo out; echo err >&2; } 2>&1 >f.txt; f; cat f.txt
#: declare prints the text
f() { local a=$1; if [[ $a ]]; then echo "$a" | cat; else return 1; fi; for i in 1 2; do :; done; }; declare -f f; declare -F f; type f
#: exported to a child
f() { echo "child $1"; }; export -f f; bash -c 'f here'; env | grep -c '^BASH_FUNC_f'
#: unset, and shadowing a program
ls() { echo mine; }; ls; unset -f ls; ls -d /; command() { echo no; }; builtin command echo yes
#: return outside and from a sourced file
echo 'echo in; return 5; echo never' > s.sh; . ./s.sh; echo $?; return 2; echo "after $?"
#: arguments stay the function's
set -- outer; f() { set -- in ner; echo "$1 $#"; }; f x; echo "$1 $#"; f() { shift; echo "$*"; }; f a b c
#: a name that does not exist
nothing_of_that_name; echo $?; unset -f no_f; echo $?
#: recursion that is limited
FUNCNEST=5; f() { echo "$1"; f $(($1 + 1)); }; f 1; echo "then $?"
#: defined in a subshell only
(f() { echo in; }; f); f; echo $?
#: a reserved name
f() { echo a; }
if f; then echo yes; fi
f && f || echo no
! f; echo $?
#: readonly functions
f() { echo 1; }; readonly -f f; f() { echo 2; }; f; echo end
