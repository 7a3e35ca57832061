#: out, append, error, both
echo a > f; echo b >> f; ls /none 2> e; cat f; grep -c none e; { echo o; echo e >&2; } &> both; cat both; { echo p; echo q >&2; } &>> both; wc -l < both
#: the order of duplications
{ { echo out; echo err >&2; } 2>&1 >/dev/null; } | cat; { { echo out; echo err >&2; } >/dev/null 2>&1; } | cat; echo end
#: swapped
{ echo out; echo err >&2; } 3>&1 1>&2 2>&3 3>&- | sed 's/^/piped: /'
#: descriptors of its own
exec 3> three; echo a >&3; echo b >&3; exec 3>&-; cat three; echo c >&3; echo $?
#: descriptors with a name
exec {fd}> named; echo x >&$fd; exec {fd}>&-; cat named; [ $fd -ge 10 ] && echo high
#: read and write on one
printf 'abc' > rw; exec 4<> rw; read -rn1 x <&4; echo -n X >&4; exec 4>&-; cat rw; echo
#: noclobber
set -C; echo a > f; echo b > f; echo $?; echo c >| f; cat f
#: a directory, a missing one, a file that may not be read
echo > /; echo $?; echo > /none/x; echo $?; cat < missing; echo $?
#: closed outputs
echo x >&-; echo $?; (exec >&-; echo y; echo "code $?" >&2); ls /none 2>&-; echo $?
#: descriptors that are open
ls -l /proc/self/fd | awk '{print $9}' | grep -v '^$' | tr '\n' ' '; exec 7</dev/null; ls /proc/self/fd | tr '\n' ' '
#: descriptors that the shell has
#= forms: c file
ls /proc/$$/fd
#: a group, a loop, a condition
for i in 1 2; do echo $i; done > l; if true; then echo t; fi >> l; { echo g; } >> l; (echo s) >> l; while read -r x; do echo "<$x>"; done < l
#: before the command and without one
> made; 2>&1 echo first; < made cat; ls made; x=5 > also; ls also; echo $x
#: moved
exec 5>f; echo moved 1>&5-; cat f; exec 6<f; cat 0<&6-; cat <&6; echo $?
#: from an expanded name
n="a b"; echo x > "$n"; ls; echo y > $n; echo $?; echo z > *.none; ls
#: special files
echo out > /dev/stdout; echo err > /dev/stderr; echo fd > /dev/fd/1; echo in | cat /dev/stdin
#: exec that cannot
exec > /none/x; echo still $?
#: tee and append in the same file
: > log; { echo 1; echo 2; } | tee -a log | wc -l; cat log
