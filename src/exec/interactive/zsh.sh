# What gate has an interactive zsh read after the person's own start-up files: every line that Enter accepts is judged first.
#
# Before this stand, written by gate: __gate_self, the words of the call that judges.
#
# 1. A line is accepted only where gate's exit code is 10. Whatever else comes of the call, the line does not run.
# 2. What is judged is what is accepted: the text of the whole buffer, with history expansion done before and switched off.
# 3. preexec, which zsh calls after it has read a line and before it runs it, ends the shell where the line came on any other way.
#
# __gate_state: 0 at a prompt, 1 a line was accepted, 2 its commands run.

# Hands the line and what the shell is like to gate. Its answer is the exit code.
__gate_ask() {
    emulate -L zsh
    local name text it="$__gate_options" words="$BUFFER ${(j: :)aliases}"
    [[ ${__gate_fields} == default ]] || it+=$'fields\n'
    (( ${#cdpath} == 0 )) || it+=$'cdpath\n'
    for name in ${(k)galiases} ${(k)saliases}; do
        [[ $BUFFER != *"$name"* ]] || it+=$'odd\n'
    done
    [[ $__gate_comments == on || $BUFFER != *'#'* ]] || it+=$'odd\n'
    for name text in ${(kv)aliases}; do
        if [[ $name$text == *$'\n'* || $name == *' '* ]]; then it+="name ${name%%$'\n'*}"$'\n'; else it+="alias $name $text"$'\n'; fi
    done
    for name in ${(k)functions}; do
        [[ $name == __gate_* || $name == *$'\n'* || $words != *"$name"* ]] || it+="name $name"$'\n'
    done
    $__gate_self 3<<<"${it}text"$'\n'"$BUFFER" </dev/tty
}

# Judges the line, and accepts it by the given widget of zsh's own if it may run.
__gate_line() {
    # Read before the options are those of this function.
    [[ -o interactivecomments ]] && __gate_comments=on || __gate_comments=off
    [[ $IFS == $' \t\n\0' ]] && __gate_fields=default || __gate_fields=other
    __gate_options=
    [[ ! -o allexport && ! -o cdablevars && ! -o bsdecho && ! -o posixaliases && ! -o ksharrays ]] || __gate_options=$'odd\n'
    emulate -L zsh
    local code text=$BUFFER
    POSTDISPLAY=
    if [[ $CONTEXT == (select|vared) ]]; then
        zle .accept-line
        return
    fi
    if [[ $CONTEXT == cont ]]; then
        print -ru2 -- $'\n'"gate: error: the shell read on where the line should have been complete; it was dropped"
        zle .send-break
        return
    fi
    if [[ $BUFFER != *[^$' \t\n']* ]]; then
        __gate_state=1
        zle .$1
        return
    fi
    if [[ $__gate_bang == on && $BUFFER == (*'!'*|'^'*) && $BUFFER != "$__gate_recalled" ]]; then
        setopt bang_hist
        zle .expand-history
        unsetopt bang_hist
        if [[ $BUFFER != "$text" ]]; then
            __gate_recalled=$BUFFER
            return
        fi
    fi
    __gate_ask
    code=$?
    case $code in
        (10)
            __gate_state=1
            zle .$1
            return
            ;;
        (11) # it goes on
            BUFFER+=$'\n'
            CURSOR=${#BUFFER}
            return
            ;;
        (2|124|125|126|130) ;;
        (*)
            print -ru2 -- $'\n'"gate: error: the line was not judged (exit code $code); nothing was run"
            code=125
            ;;
    esac
    # The exit code of a refusal must come from a command. Its line is wiped from the screen and not kept; the typed one is kept.
    __gate_refused=$BUFFER
    BUFFER=" __gate_end $code"
    __gate_state=1
    zle .accept-line
}

# Keeps what was refused in the history, and only that.
__gate_history() {
    [[ $1 != ' __gate_end '* ]] || return 1
}

__gate_end() {
    print -nu2 -- $'\e[1A\r\e[J'
    print -rs -- "$__gate_refused"
    return $1
}

__gate_accept() { __gate_line accept-line; }
__gate_accept_hold() { __gate_line accept-and-hold; }
__gate_accept_next() { __gate_line accept-line-and-down-history; }
__gate_accept_infer() { __gate_line accept-and-infer-next-history; }
__gate_nothing() { zle .beep; }

__gate_precmd() {
    __gate_state=0
    unsetopt bang_hist
    [[ ! -o zle ]] && setopt zle
    preexec_functions=(${preexec_functions:#__gate_preexec} __gate_preexec)
    precmd_functions=(${precmd_functions:#__gate_precmd} __gate_precmd)
    zshaddhistory_functions=(${zshaddhistory_functions:#__gate_history} __gate_history)
    zle -N accept-line __gate_accept
    zle -N accept-and-hold __gate_accept_hold
    zle -N accept-line-and-down-history __gate_accept_next
    zle -N accept-and-infer-next-history __gate_accept_infer
    # These put a command of their own in place of the line and accept it, or read lines elsewhere.
    zle -N run-help __gate_nothing
    zle -N which-command __gate_nothing
    zle -N edit-command-line __gate_nothing
}

__gate_preexec() {
    if (( __gate_state == 0 )); then
        print -ru2 -- 'gate: error: a line came on a way on which it was not judged; this shell ends here'
        exit 125
    fi
    __gate_state=2
}

if [[ ! -o zle || ! -o interactive ]]; then
    print -ru2 -- 'gate: error: no line editor of zsh here, so that no line can be judged'
    exit 125
fi
typeset -gi __gate_state=0
typeset -g __gate_recalled= __gate_refused= __gate_comments= __gate_fields= __gate_options=
typeset -ga preexec_functions precmd_functions zshaddhistory_functions
[[ -v __gate_bang ]] || { [[ -o banghist ]] && typeset -gr __gate_bang=on || typeset -gr __gate_bang=off; }
__gate_precmd
