//! Reads the header `traceparent` of W3C Trace Context, in which a proxy says which trace a request belongs to.

use uptrakit_core::auth::context::TraceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    pub trace_id: TraceId,
    /// The span of the proxy. It is never 0.
    pub span_id: u64,
    /// The trace is recorded by those before this server.
    pub is_sampled: bool,
}

impl TraceParent {
    /// Parses the header of version 00, and of later ones as far as they are like it, as section 4 of the standard says.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |length: usize| {
            let part = parts.next()?;
            let is_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            (part.len() == length && is_hex).then(|| u128::from_str_radix(part, 16).ok())?
        };
        let (version, trace, span, flags) = (number(2)?, number(32)?, number(16)?, number(2)?);
        let has_more = parts.next().is_some();
        let span_id = u64::try_from(span).ok()?;
        let is_right = version != 0xff && trace != 0 && span_id != 0 && !(version == 0 && has_more);
        is_right.then_some(Self { trace_id: TraceId(trace), span_id, is_sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;
    use uptrakit_core::auth::context::TraceId;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    #[test]
    fn the_parent_of_a_trace_is_read_as_the_standard_says() {
        let read =
            |is_sampled| Some(TraceParent { trace_id: TraceId(TRACE), span_id: 0x00f0_67aa_0aa9_02b7, is_sampled });
        for (text, expected) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01", read(true)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-00", read(false)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-03", read(true)),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01-what-may-be", read(true)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01-more", None),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01", None),
            ("00-00000000000000000000000000000000-00f067aa0aa902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0aa902b7-01", None),
            ("00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0aa902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-1", None),
            ("", None),
        ] {
            assert_eq!(TraceParent::parse(text), expected, "{text}");
        }
    }
}
