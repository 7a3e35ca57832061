#: EXIT after the last command
trap 'echo bye $?' EXIT; echo hello; false
#: EXIT with an exit code of its own
trap 'echo bye; exit 7' EXIT; exit 3
#: EXIT keeps the exit code
trap 'true; echo "had $?"' EXIT; (exit 9); exit 9
#: EXIT in a subshell and not inherited
trap 'echo outer' EXIT; (trap 'echo inner' EXIT; echo in); (echo plain); $(trap 'echo sub >&2' EXIT); echo end
#: EXIT in a function that exits
f() { trap 'echo trapped $LINENO' EXIT; exit 4; }; f; echo never
#: ERR and where it does not speak
trap 'echo "err $? $LINENO"' ERR; false; true && false; false || true; if false; then :; fi; ! true; (exit 3); f() { false; }; f
#: ERR in functions with -E
set -E; trap 'echo "err in ${FUNCNAME-main}"' ERR; f() { false; true; }; f; (false; true); x=$(false); echo "$x"
#: DEBUG before each command
trap 'echo "+ $BASH_COMMAND"' DEBUG; x=1; echo $x; for i in a b; do echo $i; done; (echo sub); trap - DEBUG; echo off
#: RETURN after functions and sourced files
trap 'echo returned' RETURN; f() { echo f; }; f; declare -ft f; f; echo 'echo s' > s.sh; . ./s.sh
#: a signal to itself
trap 'echo got TERM' TERM; trap 'echo got USR1' USR1; kill -TERM $$; kill -USR1 $$; kill -0 $$; echo $?
#: an ignored signal
trap '' TERM INT HUP; kill -TERM $$; kill -INT $$; kill -HUP $$; echo alive; bash -c 'kill -TERM $$; echo child alive too'
#: reset to what it was
trap 'echo x' TERM; trap - TERM; trap; kill -TERM $$; echo never
#: the list of traps
trap 'echo "a b"' EXIT INT; trap "it's" USR2; trap '' HUP; trap -p; trap -p INT; trap - EXIT
#: a signal while waiting
trap 'echo got it; kill $pid 2>/dev/null' USR1; sleep 30 & pid=$!; (sleep 0.1; kill -USR1 $$) & wait $pid; echo "waited $(($? > 128))"
#: traps and the exit code of a signal
trap 'echo cleaning' EXIT; kill -TERM $$; echo never
#: INT with EXIT
trap 'echo exit $?' EXIT; trap 'echo int; exit 99' INT; kill -INT $$; echo never
#: an unknown signal
trap 'echo x' NOSUCH; echo $?; trap 'echo y' 999; echo $?; kill -NOSUCH $$; echo $?
#: the list of signals
kill -l | head -3; kill -l 15; kill -l TERM; kill -l 143; trap -l | tail -1
#: reset in a subshell
trap 'echo parent' USR1; (trap; kill -USR1 $BASHPID; echo never); echo $?
#: from a function with arguments
cleanup() { echo "cleaning $1 after $?"; }; trap 'cleanup "$0 it"' EXIT; set -e; false; echo never
