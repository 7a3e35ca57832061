#: is there one
#= forms: tty
[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; tty | sed 's/[0-9]*$/N/'; test -r /dev/tty && echo readable
#: a line is read
#= forms: tty
#= types: some words\n
echo ready; read -r a b; echo "$b $a"
#: with a prompt
#= forms: tty
#= types: yes\n
read -r -p 'ready? ' x; echo "[$x]"
#: without echo
#= forms: tty
#= types: secret\n
read -rs -p ready x; echo;  echo "${#x}"; stty -a | grep -o ' -\?echo '
#: one character
#= forms: tty
#= types: q
read -rn1 -p ready a; read -rn1 -t 0.01 b; echo; echo "$a-$b"
#: from /dev/tty while standard input is elsewhere
#= forms: tty
#= types: typed\n
echo ready; echo piped | { read -r x; read -r y < /dev/tty; echo "$x $y"; }
#: the end of the text
#= forms: tty
#= types: one\ntwo\n\x04
stty -echo; echo ready; cat; echo "end $?"
#: select
#= forms: tty
#= types: 5\n2\n
stty -echo; echo ready; PS3='which? '; select x in apple "pear tree" fig; do echo "[$x] $REPLY"; [ -n "$x" ] && break; done
#: an interrupt
#= forms: tty
#= types: \x03
stty -echo; trap 'echo interrupted; exit 130' INT; echo ready; while :; do sleep 0.05; done
#: an interrupt without a trap
#= forms: tty
#= types: \x03
echo ready; sleep 30; echo never
#: an interrupt of a program that takes it
#= forms: tty
#= types: \x03
stty -echo; bash -c 'trap "exit 3" INT; until grep -q ") S " /proc/$PPID/stat; do :; done; echo ready; while :; do sleep 0.05; done'; echo "code $?"
#: a quit
#= forms: tty
#= types: \x1cgo\n
stty -echo; trap 'echo quit' QUIT; echo ready; read -r x; echo "[$x]"
#: the size of the window
#= forms: tty
stty size; bash -c 'shopt -s checkwinsize; (:); echo $LINES $COLUMNS'; tput cols 2>/dev/null
#: settings are kept
#= forms: tty
stty -echo; stty -a | grep -o ' -echo '; bash -c 'stty echo'; stty -a | grep -o ' echo '
#: a time limit
#= forms: tty
read -t 0.05 x; echo $(($? > 128)); read -t 0; echo $?
#: readline
#= forms: tty
#= types: abc\x02\x02X\n
read -e -p 'ready> ' x; echo "<$x>"
#: job control on a terminal
#= forms: tty
set -m; sleep 1 & fg >/dev/null; echo $?; (exit 4) & wait $!; echo $?
#: stopped by the terminal
#= forms: tty
set -m; bash -c 'kill -STOP $$; echo continued'; echo "stopped $?"; fg > /dev/null; echo "end $?"
#: colours know the terminal
#= forms: tty
ls -d --color=auto / ; [ -n "$TERM" ] && echo $TERM; bash -c '[ -t 1 ] && printf "\033[1mbold\033[0m\n"'
