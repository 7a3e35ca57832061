#: zero and what follows
#= args: zero one "two words" "" -x
echo "$0" | sed 's,.*/,,'; echo "$#"; printf '<%s>' "$@"; echo
#: zero without arguments
echo "$0 $#"; echo "${0##*/}"; echo "[$*]"
#: shifted
#= args: zero a b c d
shift; echo "$1 $#"; shift 2; echo "$1 $#"; shift 5; echo "$? $#"; shift; shift; echo "$? $#"
#: more than nine
#= args: zero 1 2 3 4 5 6 7 8 9 10 11 12
echo "$10" "${10}" "${12}" "$#" "${@:10}"
#: set anew
#= args: zero old
set -- new "er  words"; echo "$1|$2|$#"; set a -b; echo "$2"; set -; echo $#; set --; echo $#
#: star and at with another separator
#= args: zero a "b c" d
IFS=-; echo "$*" "$@"; for x in "$*"; do echo "1 $x"; done; for x in "$@"; do echo "2 $x"; done; for x in $*; do echo "3 $x"; done
#: a loop over the arguments
#= args: zero "x y" z
for arg; do echo "[$arg]"; done; while [ $# -gt 0 ]; do echo "$1"; shift; done
#: arguments that look like options
#= args: zero -e --help -- -c +x
printf '%s\n' "$@"; echo "$-" | grep -q e || echo "not set"
#: arguments with odd bytes
#= args: zero "a\tb" "new\nline" "\xff\xfe" "*" "~" "$HOME"
printf '%s' "$@" | od -An -tx1
#: the arguments of bash itself
#= args: zero a b
echo "${BASH_ARGC[*]-none} ${BASH_ARGV[*]-none}" | wc -l; echo "${BASH_ARGV0##*/}"; BASH_ARGV0=renamed; echo "$0"
#: the error that names zero
#= args: myname
nothing_of_that_name; echo $?
#: passed on to another shell
#= args: zero "a b" c
bash -c 'echo "$0: $1, $2"' inner "$@"; sh -c 'echo $#' x "$@"; printf '%s\n' "$@" | xargs -n1 echo got
