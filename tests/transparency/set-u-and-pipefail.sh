#: an unset variable ends the shell
set -u; echo before; echo "$not_set"; echo never
#: defaults do not
set -u; echo "${not_set-}" "${not_set:-x}" "${not_set+y}"; [ -z "${1-}" ] && echo none; echo "$@" "$*" $#
#: positional parameters and arrays
set -u; a=(); echo "${a[@]}"; echo "${#a[@]}"; echo "$1"
#: an array element
set -u; a=([2]=x); echo "${a[2]}"; (echo "${a[1]}"); echo $?
#: in arithmetic
set -u; echo $((1 + 1)); (echo $((nothing + 1))); echo $?; ((x = 5)); echo $x
#: in a function and a subshell
set -u; f() { echo "$nope"; }; (f; echo no); echo "code $?"; x=$(f); echo "and $?"; f; echo never
#: special parameters
set -u; echo "[${!-none}]" "$#" "$?"; echo "$!"
#: given on the command line
#= options: -u
echo "${x-default}"; echo "$x"
#: indirect and unset
set -u; n=missing; (echo "${!n}"); echo $?; unset n; (echo "${!n}"); echo $?
#: pipefail takes the last failure
set -o pipefail; (exit 2) | (exit 3) | true; echo $?; true | true; echo $?; (exit 4) | false; echo $?
#: pipefail and a broken pipe
set -o pipefail; yes | head -1; echo $?; seq 100000 | head -1 >/dev/null; echo "${PIPESTATUS[@]}"
#: pipefail given on the command line
#= options: -o pipefail
false | true; echo $?; set -o | grep pipefail
#: all three given
#= options: -euo pipefail
echo "$-"; false | true; echo never
#: lastpipe
shopt -s lastpipe; echo a b | read -r x y; echo "$y"; x=0; seq 3 | while read -r n; do x=$n; done; echo "$x"
#: a negated pipe
! false | true; echo $?; ! true | false; echo $?; set -e; ! true; echo still
