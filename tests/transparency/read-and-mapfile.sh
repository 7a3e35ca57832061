#: fields
read -r a b c <<< 'one two three four'; echo "$a|$b|$c"; read -r x <<< '  spaces  '; echo "[$x]"; IFS= read -r x <<< '  kept  '; echo "[$x]"
#: backslashes
read a <<< 'a\tb\\c'; echo "$a"; read -r a <<< 'a\tb\\c'; echo "$a"; printf 'one\\\ntwo\n' | { read x; echo "$x"; }
#: delimiters, counts, time
printf 'a;b' | { read -rd ';' x; echo $x; }; read -rn3 x <<< abcdef; echo $x; read -rN2 x <<< $'a\nb'; echo "$x" | od -c; printf 'a\0b\0' | while IFS= read -rd '' x; do echo "<$x>"; done
#: an array, the default name
read -ra a <<< '1 2 3'; echo ${#a[@]} ${a[2]}; read <<< ' reply '; echo "[$REPLY]"
#: the end of the text
printf 'no newline' | { read -r x; echo "$? $x"; }; read -r x < /dev/null; echo $?
#: from a descriptor
exec 3<<< $'l1\nl2'; read -r a <&3; read -ru3 b; echo $a $b; read -ru 9 c; echo $?
#: an invalid name
read -r 1a <<< x; echo $?; readonly ro=1; read -r ro <<< x; echo $?; read -Q; echo $?
#: separators that are not blanks
IFS=: read -r u _ id rest <<< 'root:x:0:0:root'; echo $u $id $rest; IFS=', ' read -ra a <<< 'a, b,c  d'; printf '<%s>' "${a[@]}"; echo
#: a time that is over
read -t 0.01 x < <(sleep 1); echo $(($? > 128)); echo x | { read -t 5 y; echo $y; }
#: mapfile takes lines
printf 'a\nb b\n\nc' > f; mapfile a < f; echo ${#a[@]}; printf '%q ' "${a[@]}"; mapfile -t a < f; printf '%q ' "${a[@]}"; readarray -t b < f; echo ${#b[@]}
#: mapfile counts and skips
seq 10 > f; mapfile -t -n 3 a < f; echo ${a[@]}; mapfile -t -s 7 a < f; echo ${a[@]}; mapfile -t -O 2 b < f; echo ${!b[@]}; mapfile -td , c <<< 'x,y'; echo ${#c[@]}
#: mapfile calls back
cb() { echo "at $1: $2"; }; mapfile -t -c 2 -C cb a < <(seq 4); echo ${#a[@]}
