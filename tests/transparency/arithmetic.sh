#: operators
echo $((7 / 2)) $((7 % 3)) $((-7 / 2)) $((-7 % 3)) $((2 ** 10)) $((1 << 4)) $((255 >> 2)) $((5 & 3)) $((5 | 3)) $((5 ^ 3)) $((~5)) $((!5)) $((!0))
#: comparison and logic
echo $((1 < 2)) $((2 <= 1)) $((1 == 1)) $((1 != 1)) $((1 && 0)) $((1 || 0)) $((5 > 3 ? 10 : 20)) $((1, 2, 3))
#: assignments
x=5; echo $((x += 3)) $((x++)) $((++x)) $((x--)) $((--x)) $((x *= 2)) $((x <<= 1)) $x; ((y = x, z = y + 1)); echo $y $z
#: names that hold names
a=b; b=c; c=7; echo $((a)) $((a + 1)) $((unset_one + 1)); e='1 + 2'; echo $((e * 2))
#: bases
echo $((0x1F)) $((017)) $((2#1010)) $((16#fF)) $((64#_)) $((36#z))
#: overflow
echo $((9223372036854775807 + 1)) $((-9223372036854775808 - 1)) $((1 << 63)) $((1 << 64))
#: errors
(echo $((1 +))); echo $?; (echo $((08))); echo $?; (echo $((1 % 0))); echo $?; (echo $((2 ** -1))); echo $?; (echo $((a b))); echo $?
#: double parentheses as a command
((0)); echo $?; ((1)); echo $?; ((x = 3, x > 2)) && echo big; for ((i = 0; i < 3; i++)); do echo -n $i; done; for ((;;)); do break; done; echo
#: let and declare -i
let 'a = 2 * 3' b=a+1; echo $a $b; declare -i n=4; n+=3; echo $n; n='2 * n'; echo $n; n=abc; echo $n; let 0; echo $?
#: old brackets and nested ones
echo $[1 + 2] $(( (1 + 2) * $((3 + 4)) )) $(($(echo 5) + 1))
#: array elements
a=(1 2 3); echo $((a[0] + a[2])) $((a[1] * 2)); ((a[5] = 9)); echo ${!a[@]}; declare -A m=([k]=4); echo $((m[k] + 1))
#: comparisons in tests
[ 5 -gt 3 ] && echo 1; [[ 5 -lt 10 ]] && echo 2; [[ 1+1 -eq 2 ]] && echo 3; [ a -eq 1 ]; echo $?; [[ a -eq 0 ]]; echo $?; [ 1 -eq ]; echo $?
