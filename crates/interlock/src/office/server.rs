use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::schemars::{self, JsonSchema};
use rmcp::service::ServerInitializeError;
use rmcp::{ServerHandler, ServiceExt as _, tool, tool_handler, tool_router};
use serde::Deserialize;

use super::payments::Payment;
use super::{Office, OfficeError};

/// Serves the office over standard input and output until the client closes them.
///
/// # Errors
/// When the client does not speak MCP, or the session's task fails.
pub(crate) async fn serve(office: Office) -> Result<(), ServeError> {
    let server = OfficeServer { office: Arc::new(office), tools: OfficeServer::tool_router() };
    let running = server.serve(rmcp::transport::stdio()).await.map_err(Box::new)?;
    running.waiting().await?;
    Ok(())
}

/// Why the office's MCP session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The client does not speak MCP.
    #[error(transparent)]
    Start(#[from] Box<ServerInitializeError>),
    /// The task of the session failed.
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}

#[derive(Clone)]
struct OfficeServer {
    office: Arc<Office>,
    tools: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileInput {
    /// Path below the office's files, such as `reports/2026-q3.md`.
    path: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FolderInput {
    /// Folder below the office's files; `.` for all.
    folder: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WriteInput {
    /// Path below the office's files.
    path: String,
    /// The whole new text.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PageInput {
    /// Address of the page, such as `https://prices.example.net/steel.html`.
    url: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MailboxInput {
    /// `inbox` or `sent`.
    folder: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MailInput {
    /// Address of the receiver.
    to: String,
    /// Subject line.
    subject: String,
    /// Text of the mail.
    body: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TransferInput {
    /// Who is paid.
    payee: String,
    /// How much, in cents.
    amount_cents: i64,
    /// Three capital letters, such as `EUR`.
    currency: String,
    /// What it is for.
    reference: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTicketInput {
    /// Title.
    title: String,
    /// What is wrong.
    body: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TicketInput {
    /// Number of the ticket.
    ticket: u32,
}

type ToolResult = Result<String, String>;

fn tool_result(done: Result<String, OfficeError>) -> ToolResult {
    done.map_err(|why| why.to_string())
}

#[tool_router]
impl OfficeServer {
    #[tool(description = "Read a text file of the office.")]
    async fn read_file(&self, Parameters(FileInput { path }): Parameters<FileInput>) -> ToolResult {
        tool_result(self.office.read_file(&path))
    }

    #[tool(description = "List the files of a folder.")]
    async fn list_files(
        &self,
        Parameters(FolderInput { folder }): Parameters<FolderInput>,
    ) -> ToolResult {
        tool_result(self.office.list_files(&folder))
    }

    #[tool(description = "Write a text file, replacing what was there.")]
    async fn write_file(
        &self,
        Parameters(WriteInput { path, text }): Parameters<WriteInput>,
    ) -> ToolResult {
        tool_result(self.office.write_file(&path, &text))
    }

    #[tool(description = "Delete a file.")]
    async fn delete_file(
        &self,
        Parameters(FileInput { path }): Parameters<FileInput>,
    ) -> ToolResult {
        tool_result(self.office.delete_file(&path))
    }

    #[tool(description = "Fetch a web page.")]
    async fn fetch_page(&self, Parameters(PageInput { url }): Parameters<PageInput>) -> ToolResult {
        tool_result(self.office.fetch_page(&url))
    }

    #[tool(description = "Read all mail of a folder.")]
    async fn read_mail(
        &self,
        Parameters(MailboxInput { folder }): Parameters<MailboxInput>,
    ) -> ToolResult {
        tool_result(self.office.read_mail(&folder))
    }

    #[tool(description = "Send a mail.")]
    async fn send_mail(&self, Parameters(mail): Parameters<MailInput>) -> ToolResult {
        tool_result(self.office.send_mail(&mail.to, &mail.subject, &mail.body))
    }

    #[tool(description = "Pay an amount of money.")]
    async fn pay(&self, Parameters(transfer): Parameters<TransferInput>) -> ToolResult {
        tool_result(self.office.pay(&Payment {
            payee: &transfer.payee,
            amount_cents: transfer.amount_cents,
            currency: &transfer.currency,
            reference: &transfer.reference,
        }))
    }

    #[tool(description = "Open a ticket.")]
    async fn create_ticket(&self, Parameters(new): Parameters<NewTicketInput>) -> ToolResult {
        tool_result(self.office.create_ticket(&new.title, &new.body))
    }

    #[tool(description = "Close an open ticket.")]
    async fn close_ticket(
        &self,
        Parameters(TicketInput { ticket }): Parameters<TicketInput>,
    ) -> ToolResult {
        tool_result(self.office.close_ticket(ticket))
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for OfficeServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("office", env!("CARGO_PKG_VERSION")))
            .with_instructions("A small office: files, mail, web, payments, tickets.")
    }
}
