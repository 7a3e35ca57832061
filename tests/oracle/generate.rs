//! Scripts to try: from a grammar, from seeds and the system's own shell files, and from all of these with pieces changed.

use super::chance::Chance;
use super::files::system_files;
use super::mutate;
use super::seeds::SEEDS;

pub(crate) struct Generator {
    chance: Chance,
    /// Lines of the system's shell files.
    files: Vec<Vec<String>>,
    names: usize,
    /// Here-documents announced on the line at hand.
    bodies: Vec<String>,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator { chance: Chance::new(seed), files: system_files(), names: 0, bodies: Vec::new() }
    }

    /// Returns the next script; it holds no NUL, which no argument can.
    pub(crate) fn script(&mut self) -> Vec<u8> {
        self.names = self.chance.below(1000);
        let mut script = self.written();
        let changes = [0, 0, 0, 1, 1, 2, 3, 5][self.chance.below(8)];
        for _ in 0..changes {
            let (other, name) = (self.short(), self.name());
            script = mutate::changed(&script, &other, &name, &mut self.chance);
        }
        let mut script = script.into_bytes();
        script.retain(|byte| *byte != 0);
        script.truncate(20_000);
        script
    }

    /// Returns a script that nothing was changed in.
    fn written(&mut self) -> String {
        match self.chance.below(10) {
            0..=4 => self.grammatical(),
            5..=6 => (self.chance.pick(SEEDS)).to_owned(),
            7 => self.excerpt(),
            _ => format!(
                "{}{}{}",
                self.chance.pick(SEEDS),
                self.chance.pick(&["\n", ";", " && ", "|", " "]),
                self.grammatical()
            ),
        }
    }

    /// Returns a script to splice another with.
    fn short(&mut self) -> String {
        match self.chance.below(4) {
            0 => (self.chance.pick(SEEDS)).to_owned(),
            1 => self.excerpt(),
            2 => self.list(1),
            _ => self.simple(0),
        }
    }

    fn excerpt(&mut self) -> String {
        if self.files.is_empty() {
            return self.grammatical();
        }
        let file = self.chance.below(self.files.len());
        let lines = &self.files[file];
        let from = self.chance.below(lines.len());
        // Now and then a whole function or file.
        let most = if self.chance.one_in(20) { 400 } else { 12 };
        let count = 1 + self.chance.below(most);
        lines[from..].iter().take(count).cloned().collect::<Vec<_>>().join("\n")
    }

    fn name(&mut self) -> String {
        self.names += 1;
        let kind = ["R", "R", "R", "R", "V", "W"][self.chance.below(6)];
        format!("{kind}{}", self.names)
    }

    fn grammatical(&mut self) -> String {
        self.bodies.clear();
        let mut script = String::new();
        for _ in 0..=self.chance.below(3) {
            let list = self.list(3);
            script.push_str(&list);
            self.newline(&mut script);
        }
        script
    }

    fn newline(&mut self, script: &mut String) {
        script.push('\n');
        for body in std::mem::take(&mut self.bodies) {
            script.push_str(&body);
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let mut out = String::new();
        for index in 0..=self.chance.below(3) {
            if index > 0 {
                let joint = self.chance.pick(&[
                    "; ",
                    " && ",
                    " || ",
                    " | ",
                    " & ",
                    "\n",
                    " |& ",
                    ";",
                    "&&",
                    " && \\\n",
                    " &&\n",
                    " # c ' \" ` $( \n",
                    "|",
                    "; ",
                ]);
                match joint.strip_suffix('\n').filter(|rest| !rest.ends_with('\\')) {
                    Some(rest) => {
                        out.push_str(rest);
                        self.newline(&mut out);
                    }
                    None => out.push_str(joint),
                }
            }
            if self.chance.one_in(12) {
                out.push_str(self.chance.pick(&["! ", "time ", "time -p ", "! time "]));
            }
            let command = self.command(depth);
            out.push_str(&command);
        }
        out
    }

    fn command(&mut self, depth: usize) -> String {
        if depth == 0 || !self.chance.one_in(3) {
            return self.simple(depth);
        }
        let inner = depth - 1;
        let a = self.list(inner);
        match self.chance.below(14) {
            0 => format!("({a})"),
            1 => format!("( {a} ) > f{}", self.names),
            2 => format!("{{ {a}; }}"),
            3 => format!("{{ {a}\n}} 2>&1"),
            4 => {
                let (b, c) = (self.list(inner), self.list(inner));
                format!("if {a}; then {b}; else {c}; fi")
            }
            5 => {
                let b = self.list(inner);
                format!("if {a}\nthen {b}\nfi")
            }
            6 => format!("for x in {} {}; do {a}; done", self.word(inner), self.word(inner)),
            7 => {
                let b = self.list(inner);
                format!(
                    "case {} in {}) {a} ;; (R*|\"a\") {b} {} *) {a};; esac",
                    self.word(inner),
                    self.word(inner),
                    self.chance.pick(&[";;", ";&", ";;&"])
                )
            }
            8 => {
                let name = format!("f{}", self.chance.below(3));
                let opener = self.chance.pick(&["() {", " () {", "()\n{"]);
                format!("{name}{opener} {a}; }}; {name} {}", self.word(inner))
            }
            9 => format!("for ((i=0; i<2; i++)); do {a}; done"),
            10 => format!("i=0; while (( i < 2 )); do i=$((i+1)); {a}; done"),
            11 => format!("[[ {} == {} ]] && {{ {a}; }}", self.word(inner), self.word(inner)),
            12 => format!("function g{} {{ {a}; }}", self.chance.below(3)),
            _ => format!("i=0; until [ $i -ge 2 ]; do {a}; i=$((i + 1)); done"),
        }
    }

    fn simple(&mut self, depth: usize) -> String {
        let mut out = String::new();
        if self.chance.one_in(5) {
            let assignment = self.assignment(depth);
            out.push_str(&assignment);
            out.push_str(self.chance.pick(&[" ", "; ", "\n", " "]));
        }
        let name = self.name();
        let special = self.chance.below(24);
        let head = match special {
            0 => format!("eval '{name} x'"),
            1 => format!("eval \"{name}\" \\; {}", self.name()),
            2 => format!("command {name}"),
            3 => format!("trap '{name}' EXIT;"),
            4 => ". /lib.sh".to_owned(),
            5 => format!("x={name}; $x"),
            6 => format!("\\{name}"),
            7 => format!("\"{name}\""),
            8 => format!("{{{name},a}}"),
            9 => format!("export x={}", self.word(depth)),
            10 => format!("set -- {name} b; \"$1\""),
            11 => format!("set -- {name} b; \"$@\""),
            12 => self.builtin(depth),
            13 => format!("${{x:-{name}}}"),
            14 => format!("builtin eval {name}"),
            15 => format!("f1() {{ {name}; }}; f1"),
            _ => name,
        };
        out.push_str(&head);
        for _ in 0..self.chance.below(4) {
            out.push_str(self.chance.pick(&[" ", " ", "  ", "\t", " \\\n "]));
            let word = self.word(depth);
            out.push_str(&word);
        }
        if self.chance.one_in(4) {
            let redirect = self.redirect(depth);
            out.push_str(&redirect);
        }
        out
    }

    fn builtin(&mut self, depth: usize) -> String {
        let word = self.word(depth);
        let name = self.name();
        match self.chance.below(22) {
            0 => format!("[ {word} = x ]"),
            1 => format!("[ -n {word} ]"),
            2 => format!("test {word}"),
            3 => format!("printf -v x %s {word}"),
            4 => format!("read x <<< {word}"),
            5 => format!("declare x={word}"),
            6 => format!("local x={word}"),
            7 => format!("x={word}; (( x ))"),
            8 => format!("x={word}; [[ $x -eq 1 ]]"),
            9 => format!("unset {word}"),
            10 => format!("cd {word}"),
            11 => format!("x=({word} {name}); \"${{x[1]}}\""),
            12 => format!("alias {name}=EVILALIAS\n{name}"),
            13 => format!("shopt -s nullglob; {word}"),
            14 => format!("let {word}"),
            15 => format!("exec {name}"),
            16 => format!("x={word}; echo $((x))"),
            17 => format!("readonly x={word}; $x"),
            18 => format!("[[ {word} =~ ^[a-z]+$ ]] && {name}"),
            19 => format!("printf {word} {word}"),
            20 => format!("unset -f f1; f1() {{ {name}; }}; f1"),
            _ => format!("break; {name}"),
        }
    }

    fn assignment(&mut self, depth: usize) -> String {
        let value = self.word(depth);
        match self.chance.below(6) {
            0 => format!("y+={value}"),
            1 => format!("z=({value} b)"),
            2 => format!("i={}", self.chance.below(20)),
            3 => format!("IFS={value}"),
            _ => format!("{}={value}", self.chance.pick(&["x", "y", "PATH", "HOME", "_a1"])),
        }
    }

    fn word(&mut self, depth: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.chance.below(2) {
            let piece = self.piece(depth);
            out.push_str(&piece);
        }
        out
    }

    fn piece(&mut self, depth: usize) -> String {
        let inner = depth.saturating_sub(1);
        let choice = if depth == 0 { self.chance.below(22) } else { self.chance.below(32) };
        match choice {
            0..=3 => (self.chance.pick(&[
                "a", "b-c", "R9", "if", "}", "{", "do", "1", "-n", "=", "a=b", ".", "!", "esac", "time", "in",
            ]))
            .to_owned(),
            4 => (self.chance.pick(&["'a;b'", "'`R0`'", "'$(R0)'", "'\"'", "'#'", "''"])).to_owned(),
            5 => (self.chance.pick(&[
                "\"a b\"",
                "\"'\"",
                "\"\\\"\"",
                "\"\\$(R0)\"",
                "\"#\"",
                "\"\\`R0\\`\"",
                "\"\"",
            ]))
            .to_owned(),
            6 => (self.chance.pick(&["\\;", "\\|", "\\$", "\\\"", "\\'", "\\\\", "\\`", "\\(", "\\a"]))
                .to_owned(),
            7 => (self.chance.pick(&["$'a\\'b'", "$'\\x3b'", "$'\\n'", "$'\\\\'", "$'\\101'"])).to_owned(),
            8 => (self.chance.pick(&[
                "$x", "${x}", "\"$x\"", "\"${y}\"", "$i", "${#x}", "$1", "\"$@\"", "$*", "$#", "$?", "$$",
                "$_", "$-",
            ]))
            .to_owned(),
            9 => (self.chance.pick(&[
                "${x:-b}",
                "${x:=b}",
                "${x:+b}",
                "${x%b*}",
                "${x##*/}",
                "${x/a/b}",
                "${x:1:2}",
                "${x^^}",
                "\"${x:-$y}\"",
                "${x:-R0}",
            ]))
            .to_owned(),
            10 => (self.chance.pick(&["*", "?", "[ab]", "a*", "[!a]", "[", "]", "**"])).to_owned(),
            11 => (self.chance.pick(&[
                "{a,b}",
                "{1..3}",
                "{}",
                "{a",
                "b}",
                "{a,b}{c,d}",
                "{,x}",
                "{a,'b c'}",
                "{$x,b}",
                "{a..c}",
                "{a,{b,c}}",
            ]))
            .to_owned(),
            12 => (self.chance.pick(&["~", "~/a", "~root", "a=~/b", "~x", "#a", "a#b"])).to_owned(),
            13 => (self.chance.pick(&[
                "$((1+2))",
                "$(( i + 1 ))",
                "$((i++))",
                "\"$((i))\"",
                "$(( (1+2)*3 ))",
                "$((i<<1))",
            ]))
            .to_owned(),
            14 => (self.chance.pick(&["$", "$/", "a$", "\"$\"", "$.", "^", "%", "@", "+", ","])).to_owned(),
            15 => "\\\n".to_owned(),
            16..=21 => format!("w{}", self.chance.below(9)),
            22 | 23 => format!("$({})", self.list(inner)),
            24 => format!("\"$({})\"", self.list(inner)),
            25 => format!("\"a $({}) b\"", self.name()),
            26 => format!("`{}`", self.name()),
            27 => format!("\"`{} b`\"", self.name()),
            28 => format!("<({})", self.list(inner)),
            29 => format!("$({} # c )\n)", self.name()),
            30 => format!("$(case x in x) {};; esac)", self.name()),
            _ => {
                let name = self.name();
                format!("$(cat <<'E'\n{name} ) ` \" ' $(\nE\n)")
            }
        }
    }

    fn redirect(&mut self, depth: usize) -> String {
        let word = self.word(depth);
        match self.chance.below(14) {
            0 => " > out".to_owned(),
            1 => format!(" 2>>{}", "err"),
            2 => " 2>&1".to_owned(),
            3 => " >&2".to_owned(),
            4 => " <&-".to_owned(),
            5 => format!(" <<< {word}"),
            6 => " &> all".to_owned(),
            7 => format!(" > {word}"),
            8 => format!(" < <({})", self.name()),
            9 => format!(" > >({})", self.name()),
            _ => self.here_document(),
        }
    }

    fn here_document(&mut self) -> String {
        let name = self.name();
        let delimiter = self.chance.pick(&["A", "EOF", "E-F", "x"]);
        let body = match self.chance.below(5) {
            0 => format!("$({name})\n"),
            1 => format!("`{name}` \\$({name})\n\t'\"\n"),
            2 => format!("{name}\n$x ${{y:-z}} \"$(echo \"{name}\")\"\n"),
            3 => String::new(),
            _ => format!("{name}\n; {name} | &\n"),
        };
        let (opener, quoted) = self.chance.pick(&[
            ("<<D", false),
            ("<<'D'", true),
            ("<<\"D\"", true),
            ("<<-D", false),
            ("<< \\D", true),
            ("<<-'D'", true),
            (" 3<<D", false),
        ]);
        let _ = quoted;
        let tab = if opener.contains('-') && self.chance.one_in(2) { "\t" } else { "" };
        self.bodies.push(format!("{body}{tab}{delimiter}\n"));
        format!(" {}", opener.replacen('D', delimiter, 1))
    }
}
