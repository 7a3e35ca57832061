#: options with and without values
#= args: zero -a -b value -cfile -- rest
while getopts ab:c: o; do echo "$o ${OPTARG-} $OPTIND"; done; shift $((OPTIND - 1)); echo "$@"
#: bundled options
#= args: zero -abx -n5 operand
while getopts abxn: o; do echo "$o ${OPTARG-}"; done; echo $OPTIND
#: an unknown option and a missing value
#= args: zero -z -b
while getopts ab: o; do echo "[$o] ${OPTARG-unset}"; done; echo $?
#: silent errors
#= args: zero -z -b
while getopts :ab: o; do echo "[$o] ${OPTARG-unset}"; done
#: in a function
f() { local OPTIND o; while getopts vq o; do echo "$1 $o"; done; }; f -v -q; f -q
#: the name in the message
#= args: myscript -z
getopts a o; echo $o; OPTERR=0; OPTIND=1; getopts a o; echo $o
#: select from standard input
#= stdin: 1\n9\n\n2\nq\n
select x in a "b c"; do echo "<$x> $REPLY"; done; echo "end $?"
#: select over the arguments
#= args: zero x y
#= stdin: 2\n
select x; do echo $x; break; done
#: select over nothing
select x in; do echo never; done; echo $?
#: case patterns
for x in apple Banana 7 '' 'a b' file.txt '*'; do case $x in a*e) echo 1;; [A-Z]*) echo 2;; [0-9]) echo 3;; '') echo 4;; *\ *) echo 5;; *.txt | *.md) echo 6;; '*') echo star;; *) echo 7;; esac; done
#: case that falls through
case a in a) echo a;& b) echo b;; c) echo c;; esac; case x in x) echo 1;;& y) echo 2;; [a-z]) echo 3;;& *) echo 4; esac
#: case that ignores letters' size, and quoted patterns
shopt -s nocasematch; case ABC in abc) echo yes;; esac; p='a*'; case abc in "$p") echo lit;; $p) echo pat;; esac; case x in (x) echo paren;; esac; case x in y) ;; esac; echo $?
