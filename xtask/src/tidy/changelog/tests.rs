use super::form;

#[test]
fn the_form_is_kept() {
    let text = "# Changelog\n\n## [Unreleased]\n\n### Safety\n\n- a\n\n### Fixed\n\n- b\n\n## [0.1.0] - 2026-11-23\n";
    assert_eq!(form(text), []);
}

#[test]
fn each_fault_is_named() {
    for text in [
        "# Changes\n\n## [Unreleased]\n",
        "# Changelog\n",
        "# Changelog\n\n## 0.1.0\n",
        "# Changelog\n\n## [0.1.0] - yesterday\n",
        "# Changelog\n\n## [0.1.0] - 2026-11-23\n\n## [Unreleased]\n",
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n### Safety\n",
        "# Changelog\n\n## [Unreleased]\n\n### Improved\n",
        "# Changelog\n\n## [Unreleased]\n\n- a\n",
    ] {
        assert_eq!(form(text).len(), 1, "{text}");
    }
}
