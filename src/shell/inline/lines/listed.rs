//! What is pure in JavaScript, Ruby, Perl and PHP, by name.
//!
//! From the languages' own references (nodejs.org/api, docs.ruby-lang.org, perldoc.perl.org/functions, php.net/manual). A name is listed only if a
//! call of it, with any values that listed names make, runs no program, writes and opens no file, and makes no function out of a text.

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shell) enum Tongue {
    JavaScript,
    Ruby,
    Perl,
    Php,
}

const JAVASCRIPT: &str = "console.log console.error console.info console.warn console.debug console.table console.dir \
JSON.parse JSON.stringify Object.keys Object.values Object.entries Object.fromEntries Array.isArray Array.from Array.of \
Number.isInteger Number.isFinite Number.isNaN Number.parseInt Number.parseFloat Number.MAX_SAFE_INTEGER Number.MIN_SAFE_INTEGER Number.EPSILON Number String Boolean BigInt parseInt parseFloat isNaN isFinite \
Math.abs Math.ceil Math.floor Math.round Math.trunc Math.sqrt Math.cbrt Math.pow Math.min Math.max Math.random Math.log Math.log2 Math.log10 Math.exp \
Math.sin Math.cos Math.tan Math.PI Math.E Math.sign Math.hypot Date.now Date.parse Date.UTC Buffer.from Buffer.alloc Buffer.byteLength \
encodeURIComponent decodeURIComponent encodeURI decodeURI escape unescape btoa atob undefined null true false NaN Infinity \
process.version process.versions process.platform process.arch process.argv process.pid process.ppid process.cwd process.uptime process.memoryUsage process.execPath \
process.hrtime process.exit process.stdout.write process.stderr.write process.title process.release performance.now \
os.platform os.arch os.cpus os.totalmem os.freemem os.hostname os.type os.release os.homedir os.tmpdir os.uptime os.EOL os.loadavg \
path.join path.resolve path.basename path.dirname path.extname path.relative path.normalize path.isAbsolute path.parse path.sep \
fs.existsSync fs.readdirSync fs.statSync fs.lstatSync crypto.randomUUID crypto.randomBytes crypto.createHash crypto.getHashes util.inspect util.format";

const RUBY: &str = "true false nil RUBY_VERSION RUBY_PLATFORM RUBY_ENGINE RUBY_PATCHLEVEL RUBY_RELEASE_DATE Math.sqrt Math.log Math.sin Math.cos Math.hypot Math.PI \
Math.E Time.now Date.today Dir.pwd File.basename File.dirname File.extname File.join JSON.parse JSON.generate JSON.pretty_generate \
SecureRandom.hex SecureRandom.uuid Base64.encode64 Base64.strict_encode64 Base64.decode64 Digest.SHA256.hexdigest Digest.MD5.hexdigest Integer Float rand";

const PERL: &str = "join reverse uc lc ucfirst lcfirst length substr index rindex sprintf abs int sqrt sin cos exp log atan2 time localtime gmtime ord chr \
hex oct rand pack defined";

const PHP: &str = "var_dump print_r var_export json_encode json_decode phpversion date time microtime strlen strtoupper strtolower ucfirst trim ltrim rtrim \
str_repeat str_pad str_replace substr strpos strrev implode explode count array range max min sum array_sum array_keys array_values array_merge \
array_unique array_reverse in_array abs ceil floor round sqrt pow intdiv rand mt_rand random_int md5 sha1 hash crc32 base64_encode base64_decode \
urlencode urldecode rawurlencode bin2hex hex2bin dechex hexdec bindec decbin number_format sprintf printf uniqid php_uname php_sapi_name \
sys_get_temp_dir memory_get_usage getcwd basename dirname PHP_VERSION PHP_OS PHP_EOL PHP_INT_MAX PHP_INT_SIZE M_PI true false null";

/// Methods of values in JavaScript and Ruby: of texts, numbers, lists, tables, dates, buffers and digests.
const METHODS: &str = "toString toUpperCase toLowerCase trim trimStart trimEnd split join slice substring concat replace replaceAll padStart padEnd \
repeat includes indexOf lastIndexOf startsWith endsWith charAt charCodeAt codePointAt at map filter forEach reduce reduceRight find findIndex \
some every sort reverse flat flatMap push pop shift unshift keys values entries get set has add delete toFixed toPrecision toISOString toJSON \
toLocaleString toLocaleDateString toLocaleTimeString getTime getFullYear getMonth getDate getDay getHours getMinutes getSeconds update digest isFile isDirectory normalize localeCompare \
upcase downcase capitalize swapcase size length to_s to_i to_f strip lstrip rstrip chomp chop first last uniq sum min max include inspect chars lines \
bytes hex ord chr succ pred abs round floor ceil year month day hour minute sec strftime to_a to_h flatten compact tally fetch dig ljust rjust center";

fn has(words: &str, name: &str) -> bool {
    words.split_ascii_whitespace().any(|word| word == name)
}

impl Tongue {
    fn all(self) -> &'static str {
        match self {
            Tongue::JavaScript => JAVASCRIPT,
            Tongue::Ruby => RUBY,
            Tongue::Perl => PERL,
            Tongue::Php => PHP,
        }
    }

    pub(super) fn lists(self, path: &str) -> bool {
        has(self.all(), path)
    }

    /// Claims that something is listed or read below this name.
    pub(super) fn lists_beginning(self, path: &str) -> bool {
        let begins =
            |word: &str| word.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.all().split_ascii_whitespace().any(begins) || self.reads_file(path) || self.is_environment(path)
    }

    pub(super) fn prints(self) -> &'static [&'static str] {
        match self {
            Tongue::JavaScript => &[],
            Tongue::Ruby => &["puts", "print", "p", "pp"],
            Tongue::Perl => &["print", "say"],
            Tongue::Php => &["echo", "print"],
        }
    }

    pub(super) fn declares(self) -> &'static [&'static str] {
        match self {
            Tongue::JavaScript => &["const", "let", "var"],
            Tongue::Perl => &["my"],
            Tongue::Ruby | Tongue::Php => &[],
        }
    }

    /// Claims that a variable is there once it is assigned to.
    pub(super) fn assigns(self) -> bool {
        matches!(self, Tongue::Ruby | Tongue::Php)
    }

    pub(super) fn loads(self) -> &'static [&'static str] {
        match self {
            Tongue::Ruby => &["require"],
            Tongue::Perl => &["use"],
            Tongue::JavaScript | Tongue::Php => &[],
        }
    }

    pub(super) fn may_load(self, name: &str) -> bool {
        match self {
            Tongue::JavaScript => matches!(name, "os" | "path" | "fs" | "crypto" | "util"),
            Tongue::Ruby => matches!(name, "json" | "date" | "time" | "base64" | "digest" | "securerandom"),
            Tongue::Perl => matches!(name, "strict" | "warnings"),
            Tongue::Php => false,
        }
    }

    /// Claims that code may call something of its own so: nothing that the language or a list has is called so.
    pub(super) fn may_bind(self, name: &str) -> bool {
        const WORDS: &str = "require new this self super eval import async await function return typeof void delete arguments globalThis global \
module exports process console fs os path crypto util ENV ARGV INC SIG STDIN STDERR STDOUT GLOBALS";
        let is_listed = self.all().split_ascii_whitespace().any(|word| word.split('.').next() == Some(name));
        !is_listed && !name.starts_with('_') && !has(WORDS, name) && !self.prints().contains(&name)
    }

    pub(super) fn makes(self, name: &str) -> bool {
        matches!(name, "Date" | "Set" | "Map" | "URL" | "URLSearchParams" | "Array" | "Error")
    }

    pub(super) fn reads_file(self, path: &str) -> bool {
        match self {
            Tongue::JavaScript => path == "fs.readFileSync",
            Tongue::Ruby => matches!(path, "File.read" | "File.readlines"),
            Tongue::Php => path == "file_get_contents",
            Tongue::Perl => false,
        }
    }

    pub(super) fn is_environment(self, path: &str) -> bool {
        match self {
            Tongue::JavaScript => path == "process.env",
            Tongue::Ruby => path == "ENV",
            Tongue::Perl | Tongue::Php => false,
        }
    }

    pub(super) fn has_methods(self) -> bool {
        matches!(self, Tongue::JavaScript | Tongue::Ruby)
    }

    pub(super) fn has_method(self, name: &str) -> bool {
        has(METHODS, name)
    }
}
