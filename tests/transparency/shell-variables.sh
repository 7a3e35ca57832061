#: the nesting level
echo $SHLVL; bash -c 'echo $SHLVL'; (echo $SHLVL)
#: the nesting level that is inherited
#= env: SHLVL=7
echo $SHLVL; exec bash -c 'echo $SHLVL'
#: option letters
echo $-; set -f; echo $-; set +f -u; echo $-; (set -e; echo $-)
#: line numbers
echo $LINENO

echo $LINENO; f() { echo "f $LINENO"; }
f; (echo "s $LINENO"); echo "$(echo "c $LINENO")"
#: the source of the script
echo "${BASH_SOURCE[0]-none} ${#BASH_SOURCE[@]}"; echo 'echo "$BASH_SOURCE $LINENO"; f() { echo "${BASH_SOURCE[*]}"; }' > s.sh; . ./s.sh; f
#: the process is not the subshell
[ $$ = $BASHPID ] && echo same; ([ $$ = $BASHPID ] || echo other; echo $BASH_SUBSHELL; (echo $BASH_SUBSHELL)); bash -c '[ $$ = $PPID ]' || echo child
#: the underscore
echo "$_" | sed 's,.*/,,'; echo one two; echo "$_"; f() { :; }; f x y; echo "$_"; env | grep '^_='
#: the underscore that a caller gives
#= env: _=/given/by/caller
echo "$_"; true last; echo $_
#: the text that is executed
echo "${BASH_EXECUTION_STRING-none}" | head -1; declare -p BASH_EXECUTION_STRING 2>/dev/null | wc -l
#: seconds and random numbers
echo $SECONDS; SECONDS=100; echo $((SECONDS / 100)); RANDOM=42; echo $RANDOM $RANDOM; [ "$EPOCHSECONDS" -gt 1000 ] && echo time; [ ${#SRANDOM} -gt 0 ] && echo random
#: version and machine
echo "$BASH_VERSION" "${BASH_VERSINFO[0]}" "$HOSTTYPE" "$OSTYPE" "$MACHTYPE" "$UID" "$EUID" "${GROUPS[0]}"; echo "$HOSTNAME"
#: where bash itself is
echo "$BASH"; [ -x "$BASH" ] && "$BASH" -c 'echo runs'; readlink /proc/$$/exe
#: the directory
pwd; echo "$PWD"; cd /; echo "$PWD $OLDPWD" | sed 's,/tmp/[^ ]*,T,'; cd - >/dev/null; dirs | sed 's,/tmp/[^ ]*,T,'
#: a directory that is given wrong
#= env: PWD=/nowhere
pwd; echo "$PWD"; echo "${OLDPWD-none}"
#: all variables that are exported
env | grep -v '^_=' | sort
#: names of all shell variables
compgen -v | grep -v '^_' | sort | tr '\n' ' '
#: prompts and separators
printf '%q\n' "$IFS" "${PS1-none}" "${PS2-none}" "${PS4-none}" "${OPTIND}" "${OPTERR}"
#: the shell that is told
#= env: SHELL=/bin/sh
echo $SHELL; env | grep ^SHELL=
#: without a shell in the environment
echo "$SHELL"; env | grep -c ^SHELL=
#: readonly ones
UID=5; echo "$?"; readonly x=1; x=2; echo never
#: the last argument that was exported to children
true a b; sh -c 'echo "${_##*/}"'; bash -c 'echo "$_"' | sed 's,.*/,,'
#: environment variables with odd names and values
env 'odd-name=1' 'a.b=2' 'nl=x
y' bash -c 'env | grep -a -c -e ^odd -e ^a.b; echo "$nl"'
#: variables that gate itself reads are passed on
#= env: GATE_REASON=because
#= env: GATE_TICKET=T-1
env | grep ^GATE | sort
#: the parent
#= bash: 0\n
#= gate: 1\n
#= because: the shell's parent (`$PPID`) is gate, which waits for it and records how it ended
tr '\0' '\n' < /proc/$PPID/cmdline | grep -c -- '^--home$'; :
#: the process group
#= bash: leader\n
#= gate: member\n
#= because: whoever starts gate as the leader of a process group or session has gate lead it: the shell is in the same group, not its leader
[ "$(ps -o pgid= -p $$ | tr -d ' ')" = $$ ] && echo leader || echo member
#: the session's group is the shell's own
ps -o pgid=,sid= -p $$ | { read -r group session; [ $group = $session ] && echo same; }
