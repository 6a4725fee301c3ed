//! Passwords: this module checks new ones against the rules and hashes them with Argon2id (OWASP ASVS 5.0 V6.2 and
//! V11.4.2).

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::{Decimal, PasswordHash},
};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use uptrakit_api::Secret;

pub const SHORTEST: usize = 15;
pub const LONGEST: usize = 128;

const MEMORY_KIB: u32 = 19 * 1_024;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;
/// The hasher computes this many hashes at once, which bounds memory and leaves processors to requests with tokens.
const CONCURRENT: usize = 2;
/// A request waits at most this long for its turn to hash, and is then told to try again later.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the form in which a password is hashed, because keyboards send the same character, a space among them, in
/// different ways. The form is the profile `OpaqueString` (RFC 8265, section 4.2.2) without its prohibitions: any
/// characters are allowed.
fn normalised(password: &str) -> String {
    let plain_space = |character| match character {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        other => other,
    };
    password.chars().map(plain_space).nfc().collect()
}

/// A new password that has passed the rules, normalised. It has no `Debug`, `Display` or `Serialize`.
pub struct NewPassword(String);

#[derive(Debug)]
pub struct HasherSaturated;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// The password is right, but its hash is to be replaced: it has older parameters, or was made of the text as
    /// typed, before passwords were normalised.
    Outdated,
}

impl NewPassword {
    /// Checks a new password: 15 to 128 characters of any kind that are not easily guessed. `about` holds words that
    /// make it easier to guess, such as the username and the email. The error completes a sentence that begins with
    /// "password".
    pub fn parse(text: &Secret, about: &[&str]) -> Result<Self, String> {
        let text = normalised(&text.0);
        let length = text.chars().count();
        if length < SHORTEST {
            return Err(format!("must have at least {SHORTEST} characters; it has {length}"));
        }
        if length > LONGEST {
            return Err(format!("must have at most {LONGEST} characters; it has {length}"));
        }
        let words: Vec<&str> =
            about.iter().flat_map(|word| word.split(['@', '.'])).chain(about.iter().copied()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| word.len() > 2).chain(["uptrakit"]).collect();
        if is_made_of(&text, &words) {
            return Err("is too easy to guess: it is little more than the product's name or yours".into());
        }
        let estimate = zxcvbn::zxcvbn(&text, &words);
        if estimate.guesses_log10() < 8.0 {
            let reason = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning);
            let reason = reason.map_or_else(
                || "It has too little in it that others would not try.".to_owned(),
                |warning| warning.to_string(),
            );
            return Err(format!("is too easy to guess: {reason}"));
        }
        Ok(Self(text))
    }
}

/// Returns true when almost nothing is left of the password without these words, or only a rest that is guessed at
/// once.
fn is_made_of(text: &str, words: &[&str]) -> bool {
    let folded = text.to_lowercase();
    let rest = words.iter().fold(folded.clone(), |rest, word| rest.replace(&word.to_lowercase(), ""));
    let letters: String = rest.chars().filter(|character| character.is_alphanumeric()).collect();
    rest != folded && (letters.chars().count() < 8 || zxcvbn::zxcvbn(&letters, words).guesses_log10() < 5.0)
}

#[derive(Clone, Debug)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    /// The hash of a random secret. It is checked when there is no account, so that both cases take the same time.
    decoy: Arc<str>,
}

impl Default for Hasher {
    fn default() -> Self {
        let decoy = hash(&crate::auth::digest::new_secret().0);
        Self { turns: Arc::new(Semaphore::new(CONCURRENT)), decoy: decoy.into() }
    }
}

impl Hasher {
    pub async fn hash(&self, password: NewPassword) -> Result<String, HasherSaturated> {
        self.in_turn(move || hash(&password.0)).await
    }

    /// Hashes a password that was just found to be right, with the current parameters and without the rules for new
    /// ones.
    pub async fn rehash(&self, password: Secret) -> Result<String, HasherSaturated> {
        self.in_turn(move || hash(&normalised(&password.0))).await
    }

    /// Checks a password against a stored hash. Without a hash the check takes as long, and the password is wrong.
    pub async fn check(&self, password: Secret, stored: Option<String>) -> Result<Checked, HasherSaturated> {
        let decoy = Arc::clone(&self.decoy);
        self.in_turn(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| decoy.to_string());
            let Ok(parsed) = PasswordHash::new(&stored) else { return Checked::Wrong };
            let is_hash_of = |text: &str| hasher().verify_password(text.as_bytes(), &parsed).is_ok();
            let text = normalised(&password.0);
            let is_right = is_hash_of(&text);
            // Older hashes were made before passwords were normalised. This check runs after a match too, so that the
            // timing reveals nothing.
            let is_right_as_typed = text != password.0 && is_hash_of(&password.0);
            if !known || !(is_right || is_right_as_typed) {
                Checked::Wrong
            } else if !is_right || is_outdated(&parsed) {
                Checked::Outdated
            } else {
                Checked::Right
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HasherSaturated> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(HasherSaturated) };
        tokio::task::spawn_blocking(move || {
            // The permit is held here and not by the caller, whose request may be cancelled while the memory is still
            // in use.
            let _turn = turn;
            work()
        })
        .await
        .map_err(|_| HasherSaturated)
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, ITERATIONS, LANES, None).expect("the parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    hasher().hash_password(password.as_bytes()).expect("any bytes can be hashed").to_string()
}

fn is_outdated(stored: &PasswordHash) -> bool {
    let below = |name, least: u32| stored.params.get_decimal(name).is_none_or(|value: Decimal| value < least);
    stored.algorithm.as_str() != "argon2id" || below("m", MEMORY_KIB) || below("t", ITERATIONS) || below("p", LANES)
}

#[cfg(test)]
mod tests {
    use super::{Checked, Hasher, NewPassword};
    use uptrakit_api::Secret;

    fn refusal(text: &str) -> Option<String> {
        NewPassword::parse(&Secret(text.to_owned()), &["kim", "kim@example.org"]).err()
    }

    #[test]
    fn length_counts_characters_and_has_two_ends() {
        let base = "jazz Qui7 mögen";
        assert_eq!(base.chars().count(), 15);
        assert_eq!(refusal(base), None);
        assert!(refusal(&base[..base.len() - 1]).is_some_and(|why| why.contains("at least 15")));
        let long: String = "a quite long text; ".repeat(7).chars().take(128).collect();
        assert_eq!(refusal(&long), None);
        assert!(refusal(&format!("{long}x")).is_some_and(|why| why.contains("at most 128")));
    }

    #[test]
    fn twenty_lower_case_letters_will_do() {
        assert_eq!(refusal("qmzhtkwbxgrpvulencda"), None);
    }

    #[test]
    fn what_others_would_try_is_refused_with_the_reason() {
        for weak in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaa",
            "123456789012345",
            "uptrakituptrakit",
            "qwertyuiopasdfgh",
            "kim@example.org1",
            "uptrakit-uptrakit",
            "uptrakit-password",
            "Uptrakit administrator",
            "kim-password-123",
        ] {
            assert!(refusal(weak).is_some_and(|why| why.starts_with("is too easy to guess: ")), "{weak} was accepted");
        }
    }

    #[tokio::test]
    async fn the_stored_hash_has_the_promised_cost_and_knows_every_character() {
        let hasher = Hasher::default();
        let text = "a quite long text; ".repeat(7).chars().take(128).collect::<String>();
        let stored = hasher.hash(NewPassword(text.clone())).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let check = |text: String| hasher.check(Secret(text), Some(stored.clone()));
        assert_eq!(check(text.clone()).await.unwrap(), Checked::Right);
        assert_eq!(check(format!("{}!", &text[..127])).await.unwrap(), Checked::Wrong);
        assert_eq!(hasher.check(Secret(text), None).await.unwrap(), Checked::Wrong);
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_a_keyboard_sends_it() {
        let hasher = Hasher::default();
        let (composed, decomposed) = ("Ångström ist nötig", "A\u{30a}ngstro\u{308}m\u{a0}ist\u{2003}no\u{308}tig");
        for (chosen, typed) in [(composed, decomposed), (decomposed, composed), (composed, "\u{212b}ngström ist nötig")]
        {
            let chosen = NewPassword::parse(&Secret(chosen.to_owned()), &[]).unwrap();
            let stored = hasher.hash(chosen).await.unwrap();
            assert_eq!(hasher.check(Secret(typed.to_owned()), Some(stored.clone())).await.unwrap(), Checked::Right);
            let other = typed.replace("tig", "tag");
            assert_eq!(hasher.check(Secret(other), Some(stored)).await.unwrap(), Checked::Wrong);
        }
        let stored = hasher.rehash(Secret(decomposed.to_owned())).await.unwrap();
        assert_eq!(hasher.check(Secret(composed.to_owned()), Some(stored)).await.unwrap(), Checked::Right);
    }

    #[tokio::test]
    async fn a_hash_of_the_text_as_it_was_typed_is_still_good_and_outdated() {
        let hasher = Hasher::default();
        let (composed, decomposed) = ("fünfzehn Zeichen!", "fu\u{308}nfzehn Zeichen!");
        let stored = super::hash(decomposed);
        let check = |text: &str| hasher.check(Secret(text.to_owned()), Some(stored.clone()));
        assert_eq!(check(decomposed).await.unwrap(), Checked::Outdated);
        assert_eq!(check(composed).await.unwrap(), Checked::Wrong, "it could not be known before it was typed once");
        assert_eq!(hasher.check(Secret(decomposed.to_owned()), None).await.unwrap(), Checked::Wrong);
    }

    #[test]
    fn length_counts_what_is_hashed() {
        let base = "jazz Qui7 mo\u{308}gen";
        assert_eq!(base.chars().count(), 16);
        assert_eq!(refusal(base), None);
        let short = &base[..base.len() - 1];
        assert!(refusal(short).is_some_and(|why| why.contains("it has 14")));
    }

    #[tokio::test]
    async fn older_parameters_are_noticed() {
        let old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzYWx0$";
        let params = argon2::Params::new(8, 1, 1, None).unwrap();
        let older = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let stored = argon2::PasswordHasher::hash_password(&older, b"jazz Qui7 text!").unwrap().to_string();
        assert!(stored.starts_with(&old[..25]));
        let checked = Hasher::default().check(Secret("jazz Qui7 text!".into()), Some(stored)).await.unwrap();
        assert_eq!(checked, Checked::Outdated);
    }
}
