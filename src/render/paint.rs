//! Colour, on a terminal only. Every line reads as well without.

/// Paints text, or leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    pub color: bool,
}

impl Paint {
    pub const PLAIN: Self = Self { color: false };

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Paints a symbol such as `+`, `~` or `-/+`, each sign in its own colour.
    pub fn symbol(self, symbol: &str) -> String {
        symbol
            .chars()
            .map(|sign| match sign {
                '+' => self.green("+"),
                '-' => self.red("-"),
                '~' => self.yellow("~"),
                other => other.to_string(),
            })
            .collect()
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
