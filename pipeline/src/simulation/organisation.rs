//! A fictitious company: who works there, on what, with which services and agents.
//!
//! Modelled after what shows in real logs: one person has a UPN, an object id, a SID and an account name,
//! and each vendor knows another of them; a subsidiary that was bought uses other vendors (Google Workspace,
//! Okta, CrowdStrike) than the parent (Entra ID, Defender); jobs run under service accounts with long-lived
//! keys; some computers are everybody's; agents act for people under identities of their own.
//!
//! Addresses are of documentation and benchmarking ranges (RFC 5737, RFC 2544) and of RFC 1918.

use fastrand::Rng;

use super::people::{Application, NAMES, SANDBOX, pick, uuid};

/// A person with all names that vendors know them by.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their place in [`Organisation::people`].
    pub number: usize,
    /// `first.last@contoso.example`.
    pub upn: String,
    /// The account name in Active Directory.
    pub account: String,
    /// The display name.
    pub name: String,
    /// The object id in Entra ID.
    pub object_id: String,
    /// The SID in Active Directory.
    pub sid: String,
    /// The id in Okta, where SaaS applications log in.
    pub okta_id: String,
    /// The profile id in Google Workspace.
    pub google_id: String,
    /// What they do.
    pub team: Team,
    /// Which of the two offices they belong to.
    pub office: usize,
    /// Whether they came with the subsidiary, whose vendors are others.
    pub subsidiary: bool,
    /// Their computer.
    pub device: Device,
    /// The address of their home.
    pub home_ip: String,
    /// The hash of their own key at the AI gateway, for those who program.
    pub gateway_key: String,
}

/// What somebody does, which decides the applications that they use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    /// Writes software, has cloud access.
    Engineering,
    /// Works on figures.
    Finance,
    /// Works on people's matters.
    People,
    /// Answers customers.
    Support,
    /// Sells.
    Sales,
}

impl Team {
    const ALL: [Self; 5] = [Self::Engineering, Self::Finance, Self::People, Self::Support, Self::Sales];
}

/// A computer.
#[derive(Clone, Debug)]
pub struct Device {
    /// The fully qualified host name.
    pub host: String,
    /// The id in Entra ID.
    pub entra_id: String,
    /// The id in Defender for Endpoint.
    pub defender_id: String,
    /// CrowdStrike's agent id.
    pub falcon_id: String,
}

impl Device {
    /// The computer `host` with ids of its own.
    pub fn new(rng: &mut Rng, host: String) -> Self {
        Self { host, entra_id: uuid(rng), defender_id: hex(rng, 40), falcon_id: hex(rng, 32) }
    }

    /// The host name without its domain.
    pub fn short(&self) -> &str {
        self.host.split('.').next().unwrap_or_default()
    }
}

/// An account that jobs run under, with a long-lived access key.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its IAM name.
    pub name: &'static str,
    /// Its access key id.
    pub key_id: String,
    /// The address that its jobs come from.
    pub ip: &'static str,
    /// What it calls all day: service and operation.
    pub calls: [(&'static str, &'static str); 2],
}

/// An AI agent that acts for people.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: &'static str,
    /// The key that it calls the model with.
    pub key_id: String,
    /// Its service principal in Entra ID.
    pub principal_id: String,
}

/// The whole company.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Everybody.
    pub people: Vec<Person>,
    /// Accounts of jobs.
    pub services: Vec<ServiceAccount>,
    /// Agents.
    pub agents: Vec<Agent>,
    /// Computers that many log on to: a terminal server, a build server.
    pub shared_hosts: Vec<Device>,
    /// The host of the red team's sandbox.
    pub sandbox: Device,
}

/// The public addresses of both offices: what the internet sees of everybody who works there.
pub const OFFICE_NAT: [&str; 2] = ["198.51.100.10", "198.51.100.20"];
/// The public addresses of the VPN's gateways.
pub const VPN_NAT: [&str; 2] = ["198.51.100.30", "198.51.100.31"];
/// The vulnerability scanner's address.
pub const SCANNER_IP: &str = "198.51.100.90";
/// The red team's address.
pub const SANDBOX_IP: &str = "198.51.100.91";
/// The AWS account.
pub const AWS_ACCOUNT: &str = "210987654321";
/// The domain, as accounts of Windows name it.
pub const NT_DOMAIN: &str = "CONTOSO";

/// Of a hundred people, how many came with the subsidiary.
const SUBSIDIARY_PERCENT: usize = 20;

impl Organisation {
    /// A company of `size` people, one of them at least.
    pub fn new(rng: &mut Rng, size: usize) -> Self {
        let mut order: Vec<usize> = (0..NAMES.pairs()).collect();
        rng.shuffle(&mut order);
        let people = (0..size.max(1)).map(|number| {
            let pair = order.get(number % order.len()).copied().unwrap_or_default();
            person(rng, number, pair, size)
        });
        let people = people.collect();
        let shared = ["ts-01.corp.contoso.example", "build-01.corp.contoso.example"];
        Self {
            people,
            services: services(rng),
            agents: agents(rng),
            shared_hosts: shared.map(|host| Device::new(rng, host.to_owned())).to_vec(),
            sandbox: Device::new(rng, format!("{SANDBOX}-01.corp.contoso.example")),
        }
    }

    /// Somebody of `team`, or anybody where it has none.
    pub fn someone(&self, rng: &mut Rng, team: Team) -> Option<&Person> {
        let of_team: Vec<&Person> = self.people.iter().filter(|person| person.team == team).collect();
        pick(rng, &of_team).copied().or_else(|| pick(rng, &self.people))
    }

    /// The agent behind an application that is one.
    pub fn agent_of(&self, application: &Application) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == application.name)
    }
}

fn person(rng: &mut Rng, number: usize, pair: usize, size: usize) -> Person {
    let (first, last) = NAMES.pair(pair);
    // Names repeat in large companies; the directory then numbers them.
    let repeat = number / NAMES.pairs();
    let suffix = if repeat == 0 { String::new() } else { (repeat + 1).to_string() };
    let account = format!("{}.{}{suffix}", first.to_lowercase(), last.to_lowercase());
    let subsidiary = number * 100 >= size * (100 - SUBSIDIARY_PERCENT);
    let host = if subsidiary {
        format!("fbk-{number:04}.fabrikam.example")
    } else {
        format!("ws-{number:04}.corp.contoso.example")
    };
    Person {
        number,
        upn: format!("{account}@contoso.example"),
        name: format!("{first} {last}"),
        object_id: uuid(rng),
        sid: format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1_100 + number),
        okta_id: format!("00u{}", alphanumeric(rng, 17)),
        google_id: format!("1{:020}", rng.u64(..1_000_000_000_000_000)),
        team: Team::ALL.get(rng.usize(..Team::ALL.len())).copied().unwrap_or(Team::Sales),
        office: rng.usize(..OFFICE_NAT.len()),
        subsidiary,
        device: Device::new(rng, host),
        home_ip: format!("198.18.{}.{}", number / 250, number % 250 + 1),
        gateway_key: hex(rng, 64),
        account,
    }
}

fn services(rng: &mut Rng) -> Vec<ServiceAccount> {
    let mut service = |name, ip, calls| ServiceAccount { name, key_id: access_key(rng).0, ip, calls };
    vec![
        service(
            "svc-reporting",
            "198.51.100.40",
            [("s3.amazonaws.com", "GetObject"), ("athena.amazonaws.com", "StartQueryExecution")],
        ),
        service(
            "svc-deployment",
            "198.51.100.41",
            [("cloudformation.amazonaws.com", "DescribeStacks"), ("ecs.amazonaws.com", "UpdateService")],
        ),
        service(
            "svc-model-registry",
            "198.51.100.42",
            [("s3.amazonaws.com", "GetObject"), ("sagemaker.amazonaws.com", "ListModelPackages")],
        ),
        service(
            "svc-backup",
            "198.51.100.43",
            [("backup.amazonaws.com", "ListBackupJobs"), ("ec2.amazonaws.com", "CreateSnapshot")],
        ),
    ]
}

fn agents(rng: &mut Rng) -> Vec<Agent> {
    ["research-agent", "operations-agent"]
        .map(|name| Agent {
            id: format!("agent-{}", hex(rng, 12)),
            name,
            key_id: format!("key_{}", alphanumeric(rng, 20)),
            principal_id: uuid(rng),
        })
        .to_vec()
}

/// An access key id and a secret of AWS's shape that belong to no one.
pub fn access_key(rng: &mut Rng) -> (String, String) {
    const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (format!("AKIA{}", text(rng, UPPER, 16)), alphanumeric(rng, 40))
}

/// `len` hexadecimal digits.
pub fn hex(rng: &mut Rng, len: usize) -> String {
    text(rng, b"0123456789abcdef", len)
}

/// `len` letters and digits.
pub fn alphanumeric(rng: &mut Rng, len: usize) -> String {
    text(rng, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", len)
}

fn text(rng: &mut Rng, alphabet: &[u8], len: usize) -> String {
    (0..len).filter_map(|_| pick(rng, alphabet).copied().map(char::from)).collect()
}
