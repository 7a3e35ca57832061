#: aliases need an option
alias hi='echo hi'; hi; echo $?
#: aliases that are expanded
shopt -s expand_aliases
alias hi='echo hi ' you='YOU' ; alias
hi you; unalias hi
hi
#: alias complains
alias nosuch; echo $?; unalias nosuch; echo $?; alias a=b; alias a; unalias -a; alias
#: eval joins and parses again
x='echo $y'; y=5; eval $x; eval "$x;" 'echo more'; eval; echo $?; eval 'exit 3 | true'; eval 'for i in 1 2; do echo $i; done'
#: eval with an error
eval 'if'; echo $?; eval 'echo "unfinished'; echo $?; eval ')' ; echo $?
#: eval keeps the exit code and the line
eval '(exit 6)'; echo $?; eval '
echo $LINENO'; eval 'nothing_of_that_name'
#: sourced with arguments
echo 'echo "$# $1"; x=set; return 4' > s.sh; . ./s.sh arg; echo "$? $x"; set -- mine; . ./s.sh; echo "$1"
#: sourced from PATH
mkdir p; echo 'echo found' > p/s.sh; PATH=$PWD/p:$PATH; source s.sh; . nosuch.sh; echo $?
#: sourced what is missing or broken
. ./missing; echo $?; echo 'if' > b.sh; . ./b.sh; echo $?; . ./; echo $?; .; echo $?
#: sourced from a process
. <(echo 'echo from process; v=1'); echo $v; source /dev/stdin <<< 'echo from string'
#: sourced with its own name
echo 'echo "${BASH_SOURCE[0]} $LINENO"; nothing_of_that_name' > s.sh; . ./s.sh; echo $?
#: a script that is run by name
printf '#!/bin/bash\necho "$0 $1 $SHLVL"; exit 5\n' > s; chmod +x s; ./s a; echo $?; bash s b; echo $?; PATH=.:$PATH s c
#: a script that is run by another interpreter
printf '#!/usr/bin/env python3\nimport sys; print(sys.argv[1:], flush=True); sys.exit(4)\n' > s; chmod +x s; PATH=/usr/bin:/bin ./s a 'b c'; echo $?; printf '#!/bin/cat\ntext\n' > t; chmod +x t; ./t
#: command substitution of a script file
echo 'a b  c' > f; x=$(<f); echo "$x"; echo $(<f); y=$(<none); echo "$?$y"
