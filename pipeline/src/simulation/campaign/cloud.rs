//! What campaigns leave in clouds and SaaS.

use schemas::Timestamp;
use serde_json::{Value, json};

use super::Play;
use super::catalogue::Cloud;
use crate::simulation::organisation::{AWS_ACCOUNT, Person, access_key};
use crate::simulation::vendors::{aws, defender, github, google};

impl Play<'_, '_> {
    pub(super) fn cloud(&mut self, act: Cloud, time: Timestamp) {
        match act {
            Cloud::KeyDiscovery => self.calls(time, &[("sts", "GetCallerIdentity"), ("iam", "ListUsers")], 1),
            Cloud::BucketTheft => self.calls(time, &[("s3", "ListBuckets"), ("s3", "GetObject")], 2),
            Cloud::ModelInvocations => {
                self.calls(time, &[("bedrock", "ListFoundationModels"), ("bedrock", "InvokeModel")], 2)
            }
            Cloud::KeyCreated => self.key_created(time),
            Cloud::ModelReplaced => self.model_replaced(time),
            Cloud::KeyFinding => {
                let exit = self.exit();
                let key = (self.cast.key_user.clone(), self.cast.key.0.clone());
                let finding = ("UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", 5.0);
                let written = aws::key_finding(&mut self.scene.rng, time, (&key.0, &key.1), &exit, finding);
                self.add(time, written);
            }
            Cloud::MailAccess => {
                let mailbox = json!({ "MailboxOwnerUPN": self.account().upn, "ClientAppId": self.cast.consented.0 });
                self.office(time, 3, ("Exchange", "MailItemsAccessed"), &mailbox);
            }
            Cloud::InboxRule => {
                let forward = json!([{ "Name": "ForwardTo", "Value": format!("archive@{}", self.cast.domain) }]);
                self.office(time, 1, ("Exchange", "New-InboxRule"), &json!({ "Parameters": forward }));
            }
            Cloud::Downloads => self.documents(time, 6, ("FileDownloaded", "download")),
            Cloud::DocumentChanged => self.documents(time, 1, ("FileModified", "edit")),
            Cloud::Clones => {
                let (person, exit) = (self.account().clone(), self.exit());
                for time in self.times(time, 2, 300) {
                    let action = ("git.clone", "contoso/infra");
                    let written = github::action(&mut self.scene.rng, time, &person, &exit, action);
                    self.add(time, written);
                }
            }
        }
    }

    /// Calls with the leaked key from the attacker's exit, `rounds` times.
    fn calls(&mut self, time: Timestamp, operations: &[(&str, &str)], rounds: usize) {
        let times = self.times(time, operations.len() * rounds, 120);
        for (time, (service, operation)) in times.into_iter().zip(operations.iter().cycle()) {
            let request = match *operation {
                "GetObject" => {
                    json!({ "bucketName": self.cast.bucket, "key": format!("{}.csv", self.scene.rng.u32(..500)) })
                }
                "InvokeModel" => json!({ "modelId": "anthropic.claude-3-haiku-20240307-v1:0" }),
                _ => Value::Null,
            };
            self.call(time, (&format!("{service}.amazonaws.com"), operation), request, Value::Null);
        }
    }

    fn call(&mut self, time: Timestamp, api: (&str, &str), request: Value, response: Value) {
        let exit = self.exit();
        let call = aws::Call {
            user: &self.cast.key_user,
            key_id: &self.cast.key.0,
            ip: &exit,
            service: api.0,
            operation: api.1,
            request,
            response,
            error: None,
        };
        let written = call.written(&mut self.scene.rng, time);
        self.add(time, written);
    }

    fn key_created(&mut self, time: Timestamp) {
        let (id, _) = access_key(&mut self.scene.rng);
        let user = self.cast.key_user.clone();
        let response = json!({ "accessKey": { "accessKeyId": id, "userName": user, "status": "Active" } });
        self.call(time, ("iam.amazonaws.com", "CreateAccessKey"), json!({ "userName": user }), response);
    }

    /// With the credentials of the registry's account, which the attacker took from its tickets.
    fn model_replaced(&mut self, time: Timestamp) {
        let exit = self.exit();
        let registry = self.cast.registry;
        let resources = json!({ "bucketName": "contoso-models", "key": "claims/model.safetensors",
            "x-amz-grant": format!("arn:aws:s3:::{AWS_ACCOUNT}-models") });
        for (time, operation) in self.times(time, 2, 300).into_iter().zip(["GetObject", "PutObject"]) {
            let call = aws::Call {
                user: registry.name,
                key_id: &registry.key_id,
                ip: &exit,
                service: "s3.amazonaws.com",
                operation,
                request: resources.clone(),
                response: Value::Null,
                error: None,
            };
            let written = call.written(&mut self.scene.rng, time);
            self.add(time, written);
        }
    }

    fn office(&mut self, time: Timestamp, count: usize, operation: (&str, &str), details: &Value) {
        let (person, exit) = (self.account().clone(), self.exit());
        for time in self.times(time, count, 120) {
            let operation = (operation.0, operation.1, details.clone());
            let written = defender::office(&mut self.scene.rng, time, &person, &exit, operation);
            self.add(time, written);
        }
    }

    /// Documents where the person's company keeps them: SharePoint or Drive.
    fn documents(&mut self, time: Timestamp, count: usize, operation: (&str, &str)) {
        let person = self.account().clone();
        let exit = self.exit();
        // Who leaves takes them from where they sit; who broke in comes from outside.
        let insider = operation.1 == "download";
        let ip = if insider { self.scene.place(&person, time).public_ip } else { exit };
        for time in self.times(time, count, 120) {
            // Who poisons changes one document; who leaves takes one after the other.
            let taken = format!("doc-{}", self.scene.rng.u32(..400));
            let document = if insider { &taken } else { &self.cast.document };
            let rng = &mut self.scene.rng;
            let written = if person.subsidiary {
                google::activity(rng, time, &person, &ip, ("drive", operation.1, &[("doc_id", &drive_id(document))]))
            } else {
                let details = json!({ "ObjectId": sharepoint_url(document) });
                defender::office(rng, time, &person, &ip, ("SharePoint", operation.0, details))
            };
            self.add(time, written);
        }
    }
}

/// Where a document of `owner` is found by those who search for it.
pub(super) fn document_url(owner: &Person, document: &str) -> String {
    if owner.subsidiary {
        format!("https://docs.google.com/document/d/{}/edit", drive_id(document))
    } else {
        sharepoint_url(document)
    }
}

fn sharepoint_url(document: &str) -> String {
    format!("https://contoso.sharepoint.example/sites/team/{document}.docx")
}

/// What Drive calls a document: 44 letters, which stand in its URL too.
fn drive_id(document: &str) -> String {
    format!("1{document:A<43}")
}
