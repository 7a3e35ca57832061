#: the locale that is given
#= env: LC_ALL=C
echo "$LC_ALL"; x=grün; echo ${#x}; printf '%s\n' b A a B | sort | tr '\n' ' '
#: utf-8
x='日本語ü'; echo ${#x} ${x:1:1} ${x^^}; printf '%s\n' "$x" | wc -c; [[ $x == ??? ]] ; echo $?; printf '\u65e5\n'
#: no locale at all
#= env: LC_ALL=
locale 2>/dev/null | head -1; x=ü; echo ${#x}
#: a locale that is not there
#= env: LC_ALL=xx_XX.UTF-8
echo a; x=ü; echo ${#x}
#: changed inside
x=ü; echo ${#x}; LC_ALL=C; echo ${#x}; LC_ALL=C.UTF-8; echo ${#x}; LC_ALL=yy_YY; echo ${#x}
#: the time zone
#= env: TZ=Asia/Tokyo
printf '%(%H:%M %Z)T\n' 0; date -d @0 +%H
#: umask
umask; umask -S; umask 077; touch f; stat -c %a f; umask 027; mkdir d; stat -c %a d; umask u=rwx,g=,o=; umask; umask 999; echo $?
#: limits
ulimit -a
#: hard limits
ulimit -Ha
#: limits changed
ulimit -n 64; ulimit -n; ulimit -Sn 32; ulimit -n; (ulimit -n 128; echo $?); ulimit -c 0; ulimit -c
#: the size of a file
ulimit -f 1; trap '' XFSZ; head -c 5000 /dev/zero > f; echo $?; stat -c %s f
#: signals that are blocked or ignored
grep -E '^Sig(Blk|Ign)' /proc/self/status; bash -c 'trap "" USR1; grep SigIgn /proc/self/status'
#: niceness and scheduling
nice; nice -n 3 nice; cat /proc/self/oom_score_adj; taskset -p $$ 2>/dev/null | sed 's/.*: //'
#: capabilities and groups
grep -E '^(Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid|Umask)' /proc/self/status; id -u; id -g
#: the session has no terminal
cat /dev/tty < /dev/tty; echo $?; ps -o tty= -p $$ | tr -d ' '; (: > /dev/tty) 2>/dev/null; echo $?
