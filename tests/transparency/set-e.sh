#: ends at the first failure
set -e; echo a; false; echo never
#: not in conditions
set -e; if false; then :; fi; false || true; true && true; ! true; while false; do :; done; until true; do :; done; echo end
#: an and-list that fails in its middle goes on, at its end not
set -e; false && true; echo on; true && false; echo never
#: in a function
set -e; f() { echo in; false; echo never; }; f; echo never
#: switched off in a condition, the whole function too
set -e; f() { false; echo reached; }; if f; then echo yes; fi; f || true; f && echo and; echo end
#: in a subshell
set -e; (false; echo never) || echo failed; (false; echo no); echo never
#: in a substitution
set -e; x=$(false; echo inner); echo "x=$x"; y=$(false); echo never
#: a substitution as an argument does not count
set -e; echo "$(false)"; local_() { local v=$(false); echo local; }; local_; export w=$(false); echo end
#: inherited by a substitution on demand
set -e; shopt -s inherit_errexit; x=$(false; echo inner); echo never
#: in pipes
set -e; false | true; echo on; set -o pipefail; false | true; echo never
#: arithmetic that comes to zero
set -e; ((1)); let x=5; echo $x; ((x = 0)); echo never
#: in a loop, a case and a group
set -e; for i in 1 2; do echo $i; [ $i = 2 ] || continue; { false; }; done; echo never
#: with an EXIT trap and an ERR trap
set -e; trap 'echo exit $?' EXIT; trap 'echo err' ERR; (exit 5); echo never
#: from eval and source
set -e; echo 'false; echo no' > s.sh; eval 'true'; . ./s.sh || echo source; eval 'false'; echo never
#: switched on and off
set -e; set +e; false; echo a; set -e; set -o | grep errexit; (set +e; false; echo b); false
#: a background job does not count
set -e; false & wait || echo w; false & sleep 0.01; echo end; wait $!; echo never
#: an assignment with a failure
set -e; a=1 false || echo x; b=$(exit 3) || echo "b $?"; c=$(exit 4)
#: a command that is not there
set -e; nothing_of_that_name || echo "or $?"; nothing_of_that_name; echo never
#: given on the command line
#= options: -e
echo a; false; echo never
