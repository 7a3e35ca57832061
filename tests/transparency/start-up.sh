#: a file named by BASH_ENV
#= env: BASH_ENV=./env.sh
#= file: env.sh "echo env; from_env=yes\n"
echo "$from_env"; bash -c 'echo "inner $from_env"'
#: BASH_ENV that is expanded
#= env: BASH_ENV=$NAME.sh
#= env: NAME=other
#= file: other.sh "echo other\n"
echo main
#: BASH_ENV that is not there
#= env: BASH_ENV=./missing.sh
echo main
#: BASH_ENV with a function, an alias and an option
#= env: BASH_ENV=./env.sh
#= file: env.sh "f() { echo f; }; shopt -s expand_aliases; alias hi='echo hi'; set -f\n"
f
hi
echo *
#: BASH_ENV that ends the shell
#= env: BASH_ENV=./env.sh
#= file: env.sh "echo leaving; exit 4\n"
echo never
#: ENV is for sh only
#= env: ENV=./env.sh
#= file: env.sh "echo env\n"
echo main; sh -c 'echo sh'
#: a login shell reads its profile
#= options: -l
#= file: ../me/.bash_profile "echo profile; P=1\n"
echo "main ${P-unset}"; shopt -q login_shell && echo login
#: a login shell without its profile
#= options: --noprofile -l
#= file: ../me/.bash_profile "echo profile\n"
echo main; shopt login_shell
#: a login shell reads a file at its end
#= options: -l
#= file: ../me/.bash_logout "echo logout\n"
echo main; exit 3
#: functions that are inherited
#= env: BASH_FUNC_hello%%=() {  echo "hello $1"\n}
hello you; type hello | head -1; bash -c 'hello child'
#: a broken function that is inherited
#= env: BASH_FUNC_bad%%=() { echo
echo main; bad; echo $?
#: options that are inherited
#= env: SHELLOPTS=nounset:pipefail
echo "$SHELLOPTS"; false | true; echo $?; echo "$nothing"
#: shell options that are inherited
#= env: BASHOPTS=nullglob
echo *.none; shopt nullglob
#: POSIXLY_CORRECT
#= env: POSIXLY_CORRECT=1
set -o | grep posix; echo "$SHELLOPTS" | tr : '\n' | grep posix
#: a start-up file that is no file
#= env: BASH_ENV=/
echo main
