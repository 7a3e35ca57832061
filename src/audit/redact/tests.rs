use super::{Depth, Secret, printed, text, words};

#[track_caller]
fn argv(given: &[&str], expected: &[&str]) {
    let given: Vec<Vec<u8>> = given.iter().map(|word| word.as_bytes().to_vec()).collect();
    let redacted = words(&given, Depth::Record);
    let found: Vec<String> =
        redacted.words.iter().map(|word| String::from_utf8(word.clone()).unwrap()).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn script(given: &str, expected: &str) {
    let (found, _) = text(given.as_bytes(), Depth::Record);
    assert_eq!(String::from_utf8(found).unwrap(), expected);
}

#[track_caller]
fn kept(given: &str) {
    script(given, given);
    let given: Vec<&str> = given.split(' ').collect();
    argv(&given, &given);
}

#[test]
fn values_of_secret_options_go() {
    argv(&["x", "--password", "hunter2"], &["x", "--password", "[redacted option]"]);
    argv(&["x", "--api-key=abc", "y"], &["x", "--api-key=[redacted option]", "y"]);
    argv(&["x", "--token", "--verbose"], &["x", "--token", "--verbose"]);
    argv(&["mysql", "-phunter2", "shop"], &["mysql", "-p[redacted option]", "shop"]);
    argv(&["mysql", "-p", "shop"], &["mysql", "-p", "shop"]);
    argv(&["curl", "-u", "bob:hunter2", "https://x"], &["curl", "-u", "bob:[redacted option]", "https://x"]);
    argv(&["sudo", "docker", "login", "-p", "x"], &["sudo", "docker", "login", "-p", "[redacted option]"]);
    argv(&["docker", "run", "--password-stdin", "x"], &["docker", "run", "--password-stdin", "x"]);
    argv(&["mkdir", "-p", "a/b"], &["mkdir", "-p", "a/b"]);
}

#[test]
fn values_beside_secret_names_go() {
    argv(&["env", "API_TOKEN=abc", "x"], &["env", "API_TOKEN=[redacted named]", "x"]);
    argv(&["x", "--from-literal=password=abc"], &["x", "--from-literal=password=[redacted named]"]);
    argv(
        &["curl", "-d", r#"{"user": "bob", "password": "a b"}"#],
        &["curl", "-d", r#"{"user": "bob", "password": "[redacted named]"}"#],
    );
    argv(&["curl", "https://x/?token=abc&page=2"], &["curl", "https://x/?token=[redacted named]&page=2"]);
    argv(
        &["curl", "-H", "Authorization: Bearer abc"],
        &["curl", "-H", "Authorization: Bearer [redacted named]"],
    );
    argv(&["curl", "-H", "X-Api-Key: abc"], &["curl", "-H", "X-Api-Key: [redacted named]"]);
}

#[test]
fn tokens_of_known_services_go() {
    script(&format!("echo ghp_{} done", "a0".repeat(18)), "echo [redacted token] done");
    script("x AKIAIOSFODNN7EXAMPLE", "x [redacted token]");
    script(&format!("x sk-ant-{}", "a0".repeat(12)), "x [redacted token]");
    script(
        "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "x [redacted token]",
    );
    script(
        "cat <<E\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\nE\n",
        "cat <<E\n[redacted token]\nE\n",
    );
}

#[test]
fn passwords_in_urls_go() {
    script("psql postgres://bob:hunter2@db/shop -c x", "psql postgres://bob:[redacted url]@db/shop -c x");
    script("git clone https://bob:a@b@host/x.git", "git clone https://bob:[redacted url]@host/x.git");
}

#[test]
fn random_looking_values_go() {
    script("x wJalrXUtnFEMI7K7MDENGbPxRfiCYEXAMPLEKEY", "x [redacted random]");
    script("x wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "x [redacted random]");
}

#[test]
fn scripts_are_read_with_their_quotes() {
    script("deploy --password 'a b' --now; ls", "deploy --password [redacted option] --now; ls");
    script("PGPASSWORD=abc psql; echo it's fine", "PGPASSWORD=[redacted named] psql; echo it's fine");
    script("mysql -psecret | sed -n 1p", "mysql -p[redacted option] | sed -n 1p");
    script("curl -H \"Authorization: Bearer abc\" x", "curl -H \"Authorization: Bearer [redacted named]\" x");
}

#[test]
fn what_is_no_secret_stays() {
    kept("git checkout 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567");
    kept("docker pull x@sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef");
    kept("kubectl -n shop delete pod web-7d4b9c6f5d-x2x7k");
    kept("ls /usr/lib/x86_64-linux-gnu/libQt5Core.so.5 src/main/java/com/Example/MyVeryLongClassName.java");
    kept("git push origin HEAD:refs/heads/main");
    kept("git clone git@github.com:rust-lang/rust.git");
    kept("aws secretsmanager get-secret-value --secret-id prod/db");
    kept("x --token-file /run/token --max-tokens 5 --password-file=/run/pw");
    kept("deploy --token $TOKEN --password=\"$PASSWORD\"");
    kept("curl -H Authorization:$AUTH http://localhost:8080/a:b");
    kept("docker run -p 8080:80 -e PWD=/work nginx:1.27");
    kept("rustc::error std::fmt::Display a:b::c");
}

#[test]
fn display_hides_named_options_only() {
    let shown = |given: &str| String::from_utf8(text(given.as_bytes(), Depth::Display).0).unwrap();
    assert_eq!(shown("x --password abc API_TOKEN=y"), "x --password [redacted option] API_TOKEN=y");
    assert_eq!(
        shown("echo ghp_0123456789abcdefghijABCDEFGHIJ012345"),
        "echo ghp_0123456789abcdefghijABCDEFGHIJ012345"
    );
}

#[test]
fn marks_say_which_word_and_why() {
    let given = [&b"x"[..], b"--password", b"abc", b"A_TOKEN=b"].map(<[u8]>::to_vec);
    let marks: Vec<_> =
        words(&given, Depth::Record).marks.iter().map(|mark| (mark.word, mark.kind)).collect();
    assert_eq!(marks, [(2, Secret::Option), (3, Secret::Named)]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        text(&bytes, Depth::Record);
        words(&[bytes], Depth::Record);
    }

    #[test]
    fn secret_never_shows(secret in "[A-Za-z0-9]{12,40}", before in "[a-z ]{0,10}") {
        for given in [
            format!("{before} --password {secret} x"),
            format!("{before} --token={secret}"),
            format!("{before} DB_PASSWORD={secret} x"),
            format!("{before} https://u:{secret}@host/"),
            format!("{before} '{{\"apiKey\":\"{secret}\"}}'"),
        ] {
            let (found, _) = text(given.as_bytes(), Depth::Record);
            proptest::prop_assert!(!String::from_utf8_lossy(&found).contains(&secret), "{}", given);
        }
    }
}

/// Forms that a careless search would look at again and again; all of them together take a moment.
#[test]
fn long_text_of_one_form_is_linear() {
    let forms = [
        "token=",
        "a=",
        "x://",
        "x://a:b@",
        "'",
        "\"'",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "--token ",
        "A1b2",
        "a:",
        "\\\"",
        "sk-",
        "/A1b",
        "eyJ.",
    ];
    for form in forms {
        let given = form.repeat((64 << 10) / form.len());
        text(given.as_bytes(), Depth::Record);
        words(&[given.into_bytes()], Depth::Record);
    }
}

#[test]
fn what_a_program_prints_behind_the_name_of_a_secret_goes() {
    let shown = |given: &str| String::from_utf8(printed(given.as_bytes())).unwrap();
    assert_eq!(shown("+  password: hunter2\n a | 2 +-\n"), "+  password: [redacted named]\n a | 2 +-\n");
    assert_eq!(
        shown("  ~ db_password = \"a b\" -> \"c\"\n  + tags = {"),
        "  ~ db_password = [redacted named]\n  + tags = {"
    );
    assert_eq!(shown("{ \"api_token\" : \"x\" }"), "{ \"api_token\" : [redacted named]");
    assert_eq!(shown("API_TOKEN=hunter2 x"), "API_TOKEN=[redacted named] x");
    for plain in [
        "image: nginx:1.27",
        "replicas = 3",
        "max-tokens: 5",
        "password:",
        "subject: the password is gone",
        ": x",
    ] {
        assert_eq!(shown(plain), plain);
    }
}
