//! Bodies that a gateway logs one step further in than an exchange has them.
//!
//! Portkey and others log messages of HTTP, with the body beside the headers. Kong logs the bodies that its plugins for
//! models saw (developer.konghq.com/ai-gateway/ai-audit-log-reference) beside an HTTP request of its own, which is about
//! the connection.

use std::borrow::Cow;

use super::body::{Body, read_response};
use super::envelope::{Envelope, UserField};
use super::lenient::{Raw, Text, object};

object! {
    /// A message of HTTP.
    HttpMessage {
        "body" => body: Raw<'a>,
    }
}

object! {
    /// The bodies of one exchange.
    Payload {
        "request" => request: Raw<'a>,
        "response" => response: Raw<'a>,
    }
}

object! {
    /// What one of Kong's plugins did.
    Plugin {
        "payload" => payload: Payload<'a>,
        "meta" => about: About<'a>,
    }
}

object! {
    /// Which model a plugin asked.
    About {
        "provider_name" => provider: Text<'a>,
        "response_model" | "request_model" => model: Text<'a>,
    }
}

object! {
    /// What Kong's plugins did.
    Plugins {
        "proxy" | "ai-proxy" | "ai-proxy-advanced" => proxy: Plugin<'a>,
        "payload" => payload: Payload<'a>,
    }
}

object! {
    /// A record of a gateway.
    Logged {
        "request" => request: HttpMessage<'a>,
        "response" => response: HttpMessage<'a>,
        "ai" => plugins: Plugins<'a>,
        "client_ip" => client: Text<'a>,
        "consumer" => consumer: UserField<'a>,
    }
}

impl<'a> Logged<'a> {
    /// The request's body as JSON; nothing where none was logged.
    pub fn request(&self) -> Cow<'a, str> {
        let plugins = &self.plugins;
        self.request.body.or(plugins.proxy.payload.request).or(plugins.payload.request).text()
    }

    /// Adds what the response's body says, and which model gave it.
    ///
    /// # Errors
    /// When the body does not decode.
    pub fn collect_response(&self, body: &mut Body) -> Result<(), serde_json::Error> {
        let plugins = &self.plugins;
        let response = self.response.body.or(plugins.proxy.payload.response).or(plugins.payload.response);
        body.begin_response();
        response.0.map_or(Ok(()), |response| read_response(response, body))?;
        body.model = body.model.take().or_else(|| plugins.proxy.about.model.owned());
        Ok(())
    }

    /// What Kong says of the provider that it asked and of the consumer who asked it, where `envelope` says nothing.
    /// Source: developer.konghq.com, log serializers.
    pub fn complete(self, envelope: Envelope<'a>) -> Envelope<'a> {
        let named = envelope.user.id.get().is_some() || envelope.user.name.get().is_some();
        Envelope {
            provider: envelope.provider.or(self.plugins.proxy.about.provider),
            source_ip: envelope.source_ip.or(self.client),
            user: if named { envelope.user } else { self.consumer },
            ..envelope
        }
    }
}
