//! Reads the variables of OpenTelemetry that turn telemetry on. The libraries read the others themselves: headers,
//! sampling, intervals and the sizes of batches.

use std::{path::PathBuf, time::Duration};

use http::{Uri, uri::Scheme};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub traces: bool,
    pub metrics: bool,
    pub timeout: Duration,
    /// A file with certificates that are trusted in place of the system's.
    pub authorities: Option<PathBuf>,
    pub remarks: Vec<String>,
}

impl Chosen {
    pub fn by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_disabled = variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let authorities = variable("OTEL_EXPORTER_OTLP_CERTIFICATE").map(PathBuf::from);
        let mut chosen = Self { timeout: timeout(&variable), authorities, ..Self::default() };
        if !is_disabled {
            chosen.traces = chosen.signal("traces", &variable);
            chosen.metrics = chosen.signal("metrics", &variable);
        }
        chosen
    }

    /// A signal is on where its exporter is `otlp`, or where an endpoint is set and no exporter.
    fn signal(&mut self, name: &str, variable: impl Fn(&str) -> Option<String>) -> bool {
        let upper = name.to_ascii_uppercase();
        let set = |name: &str| Some((name.to_owned(), variable(name)?));
        let endpoint = set(&format!("OTEL_EXPORTER_OTLP_{upper}_ENDPOINT")).or_else(|| set(ENDPOINT));
        let exporter = set(&format!("OTEL_{upper}_EXPORTER"));
        match exporter.as_ref().map(|(_, text)| text.as_str()) {
            Some("otlp") => {}
            None if endpoint.is_some() => {}
            None | Some("none") => return false,
            Some(other) => {
                let instead = if other == "prometheus" { "; UPTRAKIT_METRICS_LISTEN is for Prometheus" } else { "" };
                self.refuse(name, &format!("OTEL_{upper}_EXPORTER is {other:?}, and must be otlp or none{instead}"));
                return false;
            }
        }
        // The message doesn't repeat the URL, because it may contain a password.
        if let Some((variable, url)) = &endpoint
            && !is_http(url)
        {
            self.refuse(name, &format!("{variable} is no URL such as http://127.0.0.1:4318"));
            return false;
        }
        let protocol =
            set(&format!("OTEL_EXPORTER_OTLP_{upper}_PROTOCOL")).or_else(|| set("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if let Some((variable, protocol)) = protocol.filter(|(_, protocol)| protocol != "http/protobuf") {
            let why =
                format!("{variable} is {protocol:?}, and must be http/protobuf; collectors listen for it on port 4318");
            self.refuse(name, &why);
            return false;
        }
        true
    }

    fn refuse(&mut self, signal: &str, why: &str) {
        self.remarks.push(format!("the {signal} of OpenTelemetry are not sent: {why}"));
    }
}

fn is_http(url: &str) -> bool {
    let url = url.parse::<Uri>();
    url.is_ok_and(|url| [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&url.scheme()) && url.host().is_some())
}

fn timeout(variable: impl Fn(&str) -> Option<String>) -> Duration {
    let set = variable("OTEL_EXPORTER_OTLP_TIMEOUT").and_then(|text| text.parse().ok());
    set.filter(|millis| *millis > 0).map_or(DEFAULT_TIMEOUT, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::Chosen;

    /// Returns whether traces and metrics are on, and what is said about the variables.
    fn chosen(variables: &[(&str, &str)]) -> (bool, bool, String) {
        let value = |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let Chosen { traces, metrics, remarks, .. } = Chosen::by(value);
        (traces, metrics, remarks.join("\n"))
    }

    #[test]
    fn telemetry_is_off_unless_an_endpoint_or_an_exporter_is_set() {
        const URL: &str = "http://collector:4318";
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", URL);
        for (variables, traces, metrics) in [
            (&[][..], false, false),
            (&[("OTEL_SERVICE_NAME", "up")], false, false),
            (&[all], true, true),
            (&[all, ("OTEL_SDK_DISABLED", "TRUE")], false, false),
            (&[all, ("OTEL_SDK_DISABLED", "false")], true, true),
            (&[all, ("OTEL_TRACES_EXPORTER", "none")], false, true),
            (&[all, ("OTEL_METRICS_EXPORTER", "none")], true, false),
            (&[("OTEL_TRACES_EXPORTER", "otlp")], true, false),
            (&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://collector/v1/metrics")], false, true),
        ] {
            assert_eq!(chosen(variables), (traces, metrics, String::new()), "{variables:?}");
        }
    }

    #[test]
    fn a_variable_that_cannot_be_followed_turns_its_signal_off_and_is_named() {
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        let (traces, metrics, said) = chosen(&[all, ("OTEL_METRICS_EXPORTER", "prometheus")]);
        assert!(traces && !metrics);
        assert_eq!(
            said,
            "the metrics of OpenTelemetry are not sent: OTEL_METRICS_EXPORTER is \"prometheus\", and must be otlp or \
             none; UPTRAKIT_METRICS_LISTEN is for Prometheus"
        );
        let (traces, metrics, said) = chosen(&[all, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")]);
        assert!(!traces && metrics && said.contains("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is \"grpc\""), "{said}");
        for url in ["collector:4318", "127.0.0.1:4318", "ftp://collector", "http://", "not a url://ada:opensesame@x"] {
            let (traces, metrics, said) = chosen(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]);
            assert!(!traces && !metrics && said.contains("OTEL_EXPORTER_OTLP_ENDPOINT is no URL"), "{url}: {said}");
            assert!(!said.contains("opensesame"), "{said}");
        }
    }
}
