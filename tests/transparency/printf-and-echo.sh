#: echo and its options
echo -n a; echo -e 'b\tc\n\x41\0101\c never'; echo; echo -E 'a\tb'; echo -ne 'x\n'; echo -- -n; echo -x; echo - ; echo
#: printf formats
printf '%s|%5s|%-5s|%.2s|%c\n' abc abc abc abc abc; printf '%d %i %o %x %X %#x %05d %+d\n' 10 10 10 255 255 255 42 42; printf '%f %.2f %e %g\n' 1.5 2.345 12345.678 0.0001
#: printf reuses its format
printf '%s-%s\n' a b c; printf '%d,' 1 2 3; echo; printf 'none\n' a b; printf '%s\n'
#: printf escapes
printf 'a\tb\\n\x41\u00e9\n'; printf '%b' 'a\tb\n' '\0101\n'; printf '%%\n'; printf '%b' 'stop\c' never; echo
#: printf complains
printf '%d\n' abc; echo $?; printf '%z\n'; echo $?; printf '%d\n' 12x; printf; echo $?
#: printf into a variable, dates, widths
printf -v x '%03d' 7; echo $x; printf '%(%Y)T\n' 0; printf '%*s|%-*s|\n' 5 a 5 b; printf '%q %s\n' 'a b' "$x"; printf -v 'a[2]' z; echo ${a[2]}
#: numbers in other bases and characters
printf '%d %d %d %d\n' 0x10 010 "'A" '"B'; printf '%s\n' $((16#ff)) $((2#101)) $((36#z))
#: xpg echo
shopt -s xpg_echo; echo 'a\tb\n'; shopt -u xpg_echo; echo 'a\tb'
#: a closed output
echo x >&-; printf y >&-; echo $?; echo z 2>/dev/null >&- || echo failed
#: a full device
echo x > /dev/full; echo $?; printf y > /dev/full; echo $?
