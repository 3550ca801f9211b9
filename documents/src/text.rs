//! Lines: one where one is meant, and none too long.

/// Longest line of a plain text, as RFC 5322 asks for.
pub(crate) const WIDTH: usize = 78;

/// Longest web address that is passed on; mail programs cut longer ones.
const LINK: usize = 900;

/// `text` as one line of at most `most` characters, without what could alter the lines around it.
pub(crate) fn line(text: &str, most: usize) -> String {
    let visible = text.replace(|c: char| c.is_control() || is_invisible(c), " ");
    let mut line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(most) {
        let cut = line.char_indices().nth(most.saturating_sub(1)).map_or(end, |(at, _)| at);
        line.truncate(cut);
        line.push('…');
    }
    line
}

/// Whether `c` ends a line, or makes text read other than it is written.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The web address `url`, if a mail may link to it.
pub(crate) fn link(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\');
    // A user name before the host would let it look like another one.
    let honest = !host.is_empty() && !host.contains('@');
    (honest && url.len() <= LINK && url.chars().all(plain)).then_some(url)
}

/// Breaks every line that is too long, but for web addresses, which would break with it.
pub(crate) fn wrap(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(|line| hang(line, 0)).collect();
    lines.join("\n") + "\n"
}

/// Breaks one line where it is too long, and indents what follows by `indent` spaces.
pub(crate) fn hang(line: &str, indent: usize) -> String {
    let mut rest = line.trim_end();
    let mut lines = Vec::new();
    while link(rest).is_none() {
        // What hangs from a column does not break before it.
        let (room, least) = if lines.is_empty() { (WIDTH, indent) } else { (WIDTH - indent, 0) };
        let Some((limit, _)) = rest.char_indices().nth(room) else { break };
        let space = rest.char_indices().take(room + 1).filter(|(_, c)| *c == ' ').last();
        let end = space.map(|(at, _)| at).filter(|at| *at > least).unwrap_or(limit);
        let (head, tail) = rest.split_at(end);
        lines.push(head.trim_end());
        rest = tail.trim_start();
    }
    lines.push(rest);
    lines.join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(
            line("Pro\r\nBcc: eve@example.com\u{2028}x\0y", 80),
            "Pro Bcc: eve@example.com x y"
        );
        assert_eq!(line("\u{202E}evil\u{2066}", 80), "evil");
        assert_eq!(line("  ", 80), "");
        assert_eq!(line("ééééé", 4), "ééé…");
        assert_eq!(line("éééé", 4), "éééé");
    }

    #[test]
    fn only_https_addresses_are_links() {
        let good = "https://pay.stripe.com/receipts/a?b=c&d";
        assert_eq!(link(good), Some(good));
        for bad in [
            "http://pay.stripe.com/",
            "javascript:alert(1)",
            "HTTPS//x",
            "https://",
            "https:///path",
            "https://pay.stripe.com@evil.example/",
            "https://evil.example/\"><script>",
            "https://evil.example/ x",
            "https://evil.example/\r\nx",
            "https://exämple.com/",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert_eq!(link(&format!("https://a.example/{}", "x".repeat(LINK))), None);
    }

    #[test]
    fn long_lines_are_broken_at_spaces_or_else_anywhere() {
        for text in
            ["word ".repeat(50), "é".repeat(500), format!("{:200}", "x") + "y", "-".repeat(79)]
        {
            let wrapped = wrap(&text);
            let kept = |text: &str| text.split_whitespace().collect::<String>();
            assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
            assert_eq!(kept(&wrapped), kept(&text));
        }
        assert_eq!(wrap("short\n\nlines"), "short\n\nlines\n");
    }

    #[test]
    fn an_address_stays_in_one_piece() {
        let url = format!("https://pay.stripe.com/{}", "x".repeat(200));
        assert_eq!(wrap(&url), format!("{url}\n"));
    }
}
