//! The host that a web address names, read so strictly that no other reader can find another one in
//! it.

/// The DNS name in an address of the web, in lower case; none where the address is not plainly one
/// of a DNS name.
///
/// Plain is `http://` or `https://`, then at least two labels of ASCII letters, digits, `-` and
/// `_`, the last one of letters only or punycode, then perhaps a port, and then nothing more, or
/// `/`, `?` or `#` and anything without controls, spaces and backslashes. So no spelling of an IP
/// address is a name: neither in brackets, nor of decimal, octal or hexadecimal numbers, nor with
/// other digits than ASCII's. Nor is one with user information, percent signs or a dot at its end.
pub(crate) fn host(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let (host, rest) = rest.split_at(rest.find([':', '/', '?', '#']).unwrap_or(rest.len()));
    let rest = match rest.strip_prefix(':') {
        Some(rest) => {
            let (port, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let is_port = !port.starts_with('0') && port.parse::<u16>().is_ok();
            (is_port && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest)?
        }
        None => rest,
    };
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    (rest.chars().all(is_plain) && is_name(host)).then(|| host.to_ascii_lowercase())
}

fn is_name(host: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(letter);
    let Some((before, last)) = host.rsplit_once('.') else { return false };
    let is_word = last.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_top = is_word || last.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    is_label(last) && is_top && before.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
