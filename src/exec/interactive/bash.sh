# What gate has an interactive bash read after the person's own start-up files: every line that Enter accepts is judged first.
#
# Before this stand, written by gate: __gate_self, the words of the call that judges.
#
# 1. A line is accepted only where gate's exit code is 10. Whatever else comes of the call, the line does not run.
# 2. What is judged is what is accepted: the text of the whole buffer, with history expansion done before and switched off.
# 3. PS0, which bash expands after it has read a command and before it runs it, interrupts what was accepted on any other way.
#
# __gate_state: 0 at a prompt, 1 a line was accepted, 2 its commands run.

__gate_pause() { # stops what the person set from reaching in here; undone when the calling function returns
    builtin set +xveu
}

__gate_keys() { # binds the keys that Enter and Ctrl-O end with
    builtin bind "\"\\C-x\\C-g2\": $1"
    builtin bind "\"\\C-x\\C-g3\": $2"
}

# Hands the line and what the shell is like to gate. Its answer is the exit code.
__gate_ask() {
    builtin local __gate_name __gate_text __gate_it __gate_words="$READLINE_LINE ${BASH_ALIASES[*]}"
    __gate_it="flags $-"$'\n'"options ${BASHOPTS//:/ }"$'\n'
    [[ $IFS == $' \t\n' ]] || __gate_it+="fields"$'\n'
    [[ -z ${CDPATH-} ]] || __gate_it+="cdpath"$'\n'
    for __gate_name in "${!BASH_ALIASES[@]}"; do
        __gate_text=${BASH_ALIASES[$__gate_name]}
        if [[ $__gate_text == *$'\n'* ]]; then
            __gate_it+="name $__gate_name"$'\n'
        else
            __gate_it+="alias $__gate_name $__gate_text"$'\n'
        fi
    done
    for __gate_name in "${!BASH_CMDS[@]}"; do
        __gate_it+="hashed $__gate_name ${BASH_CMDS[$__gate_name]}"$'\n'
    done
    while IFS= builtin read -r __gate_name; do
        __gate_text=
        if [[ $__gate_words == *"$__gate_name"* ]]; then
            __gate_text=$(builtin declare -f -- "$__gate_name")
        fi
        if [[ -z $__gate_text || $__gate_text == *$'\x1e'* ]]; then
            [[ $__gate_name == __gate_* ]] || __gate_it+="name $__gate_name"$'\n'
        else
            __gate_it+="function ${__gate_text//$'\n'/$'\x1e'}"$'\n'
        fi
    done <<<"$(builtin compgen -A function)"
    "${__gate_self[@]}" 3<<<"${__gate_it}text"$'\n'"$READLINE_LINE"
}

# Puts history in place of a `!`, as bash would after Enter, and shows it first. Claims that it did.
__gate_recall() {
    ((__gate_histexpand)) && [[ $READLINE_LINE != "$__gate_recalled" ]] || builtin return 1
    [[ $READLINE_LINE == *'!'* || $READLINE_LINE == '^'* ]] || builtin return 1
    builtin local __gate_text
    __gate_text=$(
        builtin set -H
        HISTTIMEFORMAT=
        # `history -p` takes the newest entry for its own call and leaves it out, unless it was put there by hand.
        [[ $(builtin history 1) =~ ^\ *[0-9]+[*\ ]\ (.*)$ ]] && builtin history -s -- "${BASH_REMATCH[1]}"
        builtin history -p -- "$READLINE_LINE" 2>/dev/null && builtin printf x
    ) || builtin return 1
    __gate_text=${__gate_text%$'\n'x}
    [[ $__gate_text != "$READLINE_LINE" ]] || builtin return 1
    READLINE_LINE=$__gate_text READLINE_POINT=${#__gate_text} __gate_recalled=$__gate_text
}

__gate_line() {
    { builtin local -; __gate_pause; } 2>/dev/null
    builtin local IFS=$' \t\n' __gate_code
    __gate_keys '""' '""'
    # Something else reads with the line editor, as `read -e` does: what is typed there is no command.
    if ((__gate_state == 2)) && [[ " ${PROMPT_COMMAND[*]-} " == *__gate_prompt* ]]; then
        __gate_keys accept-line accept-line
        builtin return
    fi
    if ((__gate_state == 1)); then
        builtin printf 'gate: error: the shell read on where the line should have been complete; it was dropped\n' >&2
        READLINE_LINE=
        builtin kill -INT $$
        builtin return
    fi
    if [[ $READLINE_LINE != *[!$' \t\n']* ]]; then
        __gate_state=1
        __gate_keys accept-line accept-line
        builtin return
    fi
    if __gate_recall; then
        builtin return
    fi
    __gate_code=0
    __gate_ask || __gate_code=$?
    case $__gate_code in
        10)
            __gate_state=1
            __gate_keys accept-line operate-and-get-next
            builtin return
            ;;
        11) # it goes on
            READLINE_LINE+=$'\n'
            READLINE_POINT=${#READLINE_LINE}
            builtin return
            ;;
        2 | 124 | 125 | 126 | 130) ;;
        *)
            builtin printf 'gate: error: the line was not judged (exit code %s); nothing was run\n' "$__gate_code" >&2
            __gate_code=125
            ;;
    esac
    # The exit code of a refusal must come from a command. Its line is neither shown nor kept; the typed one is kept.
    __gate_refused=$READLINE_LINE
    __gate_control=${HISTCONTROL-}
    HISTCONTROL=ignorespace
    READLINE_LINE=" __gate_end $__gate_code"
    __gate_state=1
    __gate_keys accept-line accept-line
    exec {__gate_error}>&2 2>/dev/null
}

# Gives the shell back what a refusal borrowed of it for one line.
__gate_restore() {
    exec 2>&"$__gate_error" {__gate_error}>&-
    __gate_error=
    HISTCONTROL=$__gate_control
}

__gate_end() {
    __gate_restore
    [[ ! -o history ]] || builtin history -s -- "$__gate_refused"
    builtin return "$1"
}

__gate_prompt() {
    { builtin set +H; builtin local -; __gate_pause; } 2>/dev/null
    builtin local IFS=$' \t\n' __gate_map __gate_key
    __gate_state=0
    # Ctrl-C may have come between a refusal and its end.
    [[ -z $__gate_error ]] || __gate_restore
    [[ ${PS0-} == *"$__gate_ps0"* ]] || PS0=${PS0-}$__gate_ps0
    builtin shopt -s promptvars
    for __gate_map in emacs-standard vi-insert vi-command; do
        builtin bind -m "$__gate_map" '"\C-x\C-g2": ""'
        builtin bind -m "$__gate_map" '"\C-x\C-g3": ""'
        builtin bind -m "$__gate_map" -x '"\C-x\C-g1": __gate_line "$_"'
        for __gate_key in "${__gate_enter[@]}"; do
            builtin bind -m "$__gate_map" "\"$__gate_key\": \"\\C-x\\C-g1\\C-x\\C-g2\""
        done
    done
    builtin bind -m emacs-standard '"\C-o": "\C-x\C-g1\C-x\C-g3"'
    builtin bind -m vi-command '"#": "0i#\C-m"'
}

# Takes every other way of accepting a line, or of running one without accepting it, from the keys.
__gate_arm() {
    builtin local __gate_map __gate_name __gate_line
    for __gate_map in emacs-standard vi-insert vi-command; do
        while IFS= builtin read -r __gate_line; do
            [[ $__gate_line != \"*'": accept-line' ]] || __gate_enter+=("${__gate_line:1:${#__gate_line}-15}")
        done <<<"$(builtin bind -m "$__gate_map" -p)"
        for __gate_name in accept-line operate-and-get-next edit-and-execute-command vi-edit-and-execute-command \
            insert-comment shell-expand-line re-read-init-file; do
            builtin bind -m "$__gate_map" -u "$__gate_name" 2>/dev/null
        done
    done
    builtin bind -m emacs-standard '"\e#": "\C-a#\C-m"'
}

__gate_state=0
__gate_recalled=
__gate_error=
__gate_stop=(stop)
__gate_enter=('\C-m' '\C-j')
__gate_ps0='${__gate_stop[__gate_state?(__gate_state=2):0]:+$(builtin printf "gate: error: the line came on a way on which it was not judged; nothing was run\n" >&2; builtin kill -INT $$)}'
__gate_histexpand=0
[[ ! -o histexpand ]] || __gate_histexpand=1
if [[ -n ${BLE_VERSION-} ]] || ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)) || ! [[ -o emacs || -o vi ]]; then
    builtin printf 'gate: error: no line editor of bash 4.4 or later here, so that no line can be judged\n' >&2
    builtin exit 125
fi
builtin readonly __gate_self __gate_ps0 __gate_stop __gate_histexpand
__gate_arm
# The state is set first, whatever becomes of the person's own commands, and the rest is put right after them.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)); then
    PROMPT_COMMAND="__gate_state=0${PROMPT_COMMAND:+;$PROMPT_COMMAND}"$'\n'__gate_prompt
else
    PROMPT_COMMAND=(__gate_state=0 "${PROMPT_COMMAND[@]}" __gate_prompt)
fi
builtin readonly -f __gate_pause __gate_keys __gate_ask __gate_recall __gate_line __gate_restore __gate_end __gate_prompt
