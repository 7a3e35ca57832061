#: names
touch a.txt b.txt c.md .hidden 'with space'; echo *; echo *.txt; echo ?.*; echo [ab].txt [!a]*.md; echo .h*; echo "*" \*
#: no match
echo *.none [x]; shopt -s nullglob; echo *.none; shopt -u nullglob; shopt -s failglob; echo *.none; echo never
#: dotglob, globstar, nocaseglob
mkdir -p d/e; touch d/e/f.x .dot D; shopt -s globstar; echo **/*.x; shopt -s dotglob; echo *; shopt -u dotglob; shopt -s nocaseglob; echo d*
#: extended globs
shopt -s extglob
touch a1 a2 b1; echo @(a|b)1; echo !(a*); echo ?(a)1 +(a)[12] *(b)1; x=foobar; echo ${x//+(o)/0}
#: switched off
touch f; set -f; echo *; set +f; echo *; set -o noglob; echo *; GLOBIGNORE=f; set +o noglob; echo *
#: in assignments and quotes
touch a b; x=*; echo "$x" $x; y=(*); echo ${#y[@]}; echo "*"'*'; cat <<< *; case a in *) echo any;; esac
#: sorted by the locale
touch b A a B _ 1; echo *; LC_ALL=C; echo *
#: character classes
touch a 1 _ A; echo [[:digit:]] [[:upper:]] [[:alpha:]]* [^[:alnum:]]
#: directories and slashes
mkdir -p d/x e; echo */; echo */x; echo ./*; echo d/../*; echo /etc/host*s
#: GLOBIGNORE and brackets
touch a.o a.c b.c; GLOBIGNORE='*.o'; echo *; unset GLOBIGNORE; touch '[x]'; echo [x] \[x]; echo '['
#: the list of options
shopt | sed 's/[[:blank:]]\+/ /' | sort | head -60; shopt -s nosuch; echo $?; shopt -q extglob; echo $?
#: the options of set
set -o | sed 's/[[:blank:]]\+/ /'; shopt -op | head -40; set -o nosuch; echo $?
#: names with odd characters
touch $'new\nline' $'tab\t' 'quote"' "it's" 'ü' $'\xff'; for f in *; do printf '%q\n' "$f"; done
