#: type of each kind
shopt -s expand_aliases
alias a=b; f() { :; }; type a f cd if ls; type -t a f cd if ls nosuch; echo $?; type nosuch; echo $?
#: command -v and -V
command -v cd if ls nosuch; echo $?; command -V cd; command -V nosuch; echo $?; command -p ls -d /; command; echo $?
#: which paths
type -p ls; type -P cd; echo $?; type -a echo | head -2; which ls
#: hash
hash; ls -d / >/dev/null; hash | tail -1; hash -r; hash nosuch; echo $?; hash -p /bin/true mytrue; mytrue; echo $?; hash -t mytrue
#: PATH
mkdir p; printf '#!/bin/sh\necho mine\n' > p/tool; chmod +x p/tool; PATH=p:$PATH; tool; PATH=; ls; echo $?; /bin/echo abs
#: PATH with the current directory
printf '#!/bin/sh\necho here\n' > tool; chmod +x tool; tool; echo $?; PATH=:$PATH; tool; PATH=/none; tool; echo $?
#: no PATH at all
unset PATH; ls; echo $?; echo builtin; /bin/ls -d /
#: builtins and keywords
compgen -b | tr '\n' ' '; compgen -k | tr '\n' ' '; builtin echo b; builtin ls; echo $?; enable -n echo; echo from program; enable echo; type -t echo
#: help
help true | head -3; help nosuch; echo $?
#: a command not found handle
command_not_found_handle() { echo "no $1 ($#)"; return 42; }; nosuch a b; echo $?
#: names with slashes, blanks, nothing
'a b'; echo $?; ""; echo $?; ./no/such; echo $?; '/'; echo $?; -x; echo $?
#: completion
compgen -W 'apple banana avocado' a; compgen -A function f; f1() { :; }; compgen -A function f; complete -p 2>&1 | head -1
#: bind and history without a terminal
history | wc -l; fc -l 2>&1 | head -1; bind -q accept-line 2>&1 | head -1; echo "${HISTFILE-none}"
