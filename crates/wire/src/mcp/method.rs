use crate::jsonrpc::Message;

/// A revision of MCP that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// 2024-11-05
    V2024_11_05,
    /// 2025-03-26, without its batches.
    V2025_03_26,
    /// 2025-06-18
    V2025_06_18,
    /// 2025-11-25
    V2025_11_25,
}

impl Revision {
    /// All revisions read here, oldest first.
    pub const ALL: [Self; 4] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];

    /// The newest revision read here.
    pub const LATEST: Self = Self::V2025_11_25;

    /// As `protocolVersion` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
        }
    }

    /// The revision of this `protocolVersion`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }
}

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The agent's side.
    Client,
    /// The side that has the tools.
    Server,
}

/// Whether a message wants a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It does.
    Request,
    /// It does not.
    Notification,
}

use Kind::{Notification, Request};
use Party::{Client, Server};
use Revision::{V2024_11_05, V2025_06_18, V2025_11_25};

macro_rules! methods {
    ($($variant:ident = $name:literal, $since:ident, $kind:ident from $($party:ident)+;)+) => {
        /// A method of a request or a notification.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Method {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
            /// None that this sender may use so in this revision: denied.
            Unknown(String),
        }

        impl Method {
            /// All methods, with their name, first revision, kind and senders.
            pub const ALL: &'static [(Method, &'static str, Revision, Kind, &'static [Party])] =
                &[$((Method::$variant, $name, $since, $kind, &[$($party),+])),+];
        }
    };
}

methods! {
    // schema.ts of 2024-11-05: ClientRequest, ClientNotification, ServerRequest,
    // ServerNotification. 2025-03-26 has the same.
    Ping = "ping", V2024_11_05, Request from Client Server;
    Initialize = "initialize", V2024_11_05, Request from Client;
    Complete = "completion/complete", V2024_11_05, Request from Client;
    SetLevel = "logging/setLevel", V2024_11_05, Request from Client;
    GetPrompt = "prompts/get", V2024_11_05, Request from Client;
    ListPrompts = "prompts/list", V2024_11_05, Request from Client;
    ListResources = "resources/list", V2024_11_05, Request from Client;
    ListResourceTemplates = "resources/templates/list", V2024_11_05, Request from Client;
    ReadResource = "resources/read", V2024_11_05, Request from Client;
    Subscribe = "resources/subscribe", V2024_11_05, Request from Client;
    Unsubscribe = "resources/unsubscribe", V2024_11_05, Request from Client;
    CallTool = "tools/call", V2024_11_05, Request from Client;
    ListTools = "tools/list", V2024_11_05, Request from Client;
    CreateMessage = "sampling/createMessage", V2024_11_05, Request from Server;
    ListRoots = "roots/list", V2024_11_05, Request from Server;
    Cancelled = "notifications/cancelled", V2024_11_05, Notification from Client Server;
    Progress = "notifications/progress", V2024_11_05, Notification from Client Server;
    Initialized = "notifications/initialized", V2024_11_05, Notification from Client;
    RootsListChanged = "notifications/roots/list_changed", V2024_11_05, Notification from Client;
    LoggingMessage = "notifications/message", V2024_11_05, Notification from Server;
    ResourceUpdated = "notifications/resources/updated", V2024_11_05, Notification from Server;
    ResourceListChanged = "notifications/resources/list_changed", V2024_11_05, Notification from Server;
    ToolListChanged = "notifications/tools/list_changed", V2024_11_05, Notification from Server;
    PromptListChanged = "notifications/prompts/list_changed", V2024_11_05, Notification from Server;
    // Added by schema.ts of 2025-06-18.
    Elicit = "elicitation/create", V2025_06_18, Request from Server;
    // Added by schema.ts of 2025-11-25.
    GetTask = "tasks/get", V2025_11_25, Request from Client Server;
    GetTaskPayload = "tasks/result", V2025_11_25, Request from Client Server;
    ListTasks = "tasks/list", V2025_11_25, Request from Client Server;
    CancelTask = "tasks/cancel", V2025_11_25, Request from Client Server;
    TaskStatus = "notifications/tasks/status", V2025_11_25, Notification from Client Server;
    ElicitationComplete = "notifications/elicitation/complete", V2025_11_25, Notification from Server;
}

impl Method {
    /// The method of this name, if `sender` may send it as this kind of message in this revision.
    pub fn classify(name: &str, kind: Kind, sender: Party, revision: Revision) -> Self {
        let known = Self::ALL.iter().find(|(_, known, since, of, senders)| {
            *known == name && *since <= revision && *of == kind && senders.contains(&sender)
        });
        known.map_or_else(|| Self::Unknown(name.to_owned()), |(method, ..)| method.clone())
    }

    /// The method of a message; a response has none.
    pub fn of(message: &Message<'_>, sender: Party, revision: Revision) -> Option<Self> {
        let kind = match message {
            Message::Request(_) => Request,
            Message::Notification(_) => Notification,
            Message::Response(_) => return None,
        };
        message.method().map(|name| Self::classify(name, kind, sender, revision))
    }

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        if let Self::Unknown(name) = self {
            return name;
        }
        Self::ALL.iter().find(|(method, ..)| method == self).map_or("", |(_, name, ..)| name)
    }
}
