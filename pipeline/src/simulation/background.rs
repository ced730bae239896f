//! Everyday work: what an estate reports when nothing happens, in a daily rhythm.
//!
//! It holds what makes correlation hard without any attack: offices behind one address, leases that change hands,
//! service accounts that call all day, a terminal server that many log on to, wrong passwords, and the low alerts
//! that vendors raise about nothing.

use schemas::Timestamp;
use serde_json::json;

use super::Label;
use super::organisation::{Organisation, Person, SCANNER_IP, Team, alphanumeric, hex};
use super::people::{APPLICATIONS, Application, SANDBOX, application, pick, uuid};
use super::phrases::{ANSWERS, CUSTOMERS, JAILBREAKS, PROMPT_REQUESTS, QUESTIONS, phrase};
use super::place::DAY_MS;
use super::scene::{BROWSER, Draft, Scene};
use super::vendors::entra::SignIn;
use super::vendors::telemetry::{Asker, Turn};
use super::vendors::{aws, crowdstrike, defender, entra, github, google, okta, windows};

/// How much of a working day's events falls into each hour, in shares of all.
const RHYTHM: [u32; 24] = [1, 1, 0, 0, 1, 2, 6, 20, 60, 90, 100, 90, 60, 80, 95, 90, 75, 50, 25, 12, 8, 6, 4, 2];
/// Of a hundred people, how many work on a weekday and on a day of the weekend.
const AT_WORK_PERCENT: [u32; 2] = [88, 8];
/// Conversations with applications that somebody holds on a working day, at most; half of that on average.
const CONVERSATIONS_MAX: u32 = 6;
/// Turns of a conversation, at most.
const TURNS_MAX: u32 = 3;
/// Signals of service accounts: a round of calls every so often.
const SERVICE_ROUND_SECS: i64 = 1800;
/// Images that run on everybody's computer.
const IMAGES: [&str; 6] = [
    "C:\\Program Files\\Editor\\editor.exe",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
    "C:\\Program Files\\Git\\bin\\git.exe",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Program Files\\Meeting\\meeting.exe",
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
];

/// Everything that happens from `start` for `days` without an attack.
pub fn background(company: &Organisation, seed: u64, start: Timestamp, days: u32) -> Vec<Draft> {
    let mut scene = Scene::new(company, seed, 1);
    for day in 0..i64::from(days) {
        let midnight = start.saturating_add_millis(day * DAY_MS);
        let weekend = is_weekend(midnight);
        for person in &company.people {
            let percent = AT_WORK_PERCENT[usize::from(weekend)];
            if scene.chance(percent) {
                scene.working_day(person, midnight);
            }
        }
        scene.machines(midnight);
        scene.customers(midnight, weekend);
        scene.vendor_noise(midnight);
        scene.lone_attacks(midnight);
    }
    scene.drafts
}

/// Whether the day is a Saturday or a Sunday; 1970 began on a Thursday.
fn is_weekend(time: Timestamp) -> bool {
    (time.millis() / DAY_MS + 3) % 7 >= 5
}

/// The usual image of a number with its hash, which is the same on every computer.
fn image(number: usize) -> (&'static str, String) {
    let path = IMAGES.get(number % IMAGES.len()).copied().unwrap_or_default();
    (path, hex(&mut fastrand::Rng::with_seed(number as u64), 64))
}

impl Scene<'_> {
    /// An instant of the day by its rhythm.
    pub(super) fn working_time(&mut self, midnight: Timestamp) -> Timestamp {
        let mut at = self.rng.u32(..RHYTHM.iter().sum::<u32>());
        let mut hour = 0;
        for share in RHYTHM {
            if at < share {
                break;
            }
            at -= share;
            hour += 1;
        }
        let hour_start = midnight.saturating_add_millis(hour * 3_600_000);
        self.within(hour_start, 3600)
    }

    fn working_day(&mut self, person: &Person, midnight: Timestamp) {
        self.sign_ins(person, midnight);
        for _ in 0..self.rng.u32(..=CONVERSATIONS_MAX) {
            let time = self.working_time(midnight);
            self.conversation(person, time);
        }
        for _ in 0..self.rng.u32(2..6) {
            let time = self.working_time(midnight);
            self.process(person, time);
        }
        for _ in 0..self.rng.u32(1..5) {
            let time = self.working_time(midnight);
            self.office_work(person, time);
        }
        if self.chance(10) {
            let (time, onto) = (self.working_time(midnight), 0);
            self.shared_logon(person, time, onto);
        }
    }

    fn sign_ins(&mut self, person: &Person, midnight: Timestamp) {
        let morning = self.within(midnight.saturating_add_millis(7 * 3_600_000), 3 * 3600);
        let place = self.place(person, morning);
        if self.chance(6) {
            let session = uuid(&mut self.rng);
            let device = Some(&person.device);
            let failed = SignIn {
                person,
                device,
                ip: &place.public_ip,
                city: place.city,
                session: &session,
                application: "Office 365 Exchange Online",
                risk: "none",
                error: 50_126,
            };
            let written = failed.written(&mut self.rng, morning);
            self.add(morning, written, Label::background());
        }
        let morning = self.within(morning, 300);
        if person.subsidiary {
            let written = google::activity(
                &mut self.rng,
                morning,
                person,
                &place.public_ip,
                ("login", "login_success", &[("login_type", "google_password")]),
            );
            self.add(morning, written, Label::background());
        } else {
            self.usual_sign_in(morning, person, "Office 365 Exchange Online", Label::background());
        }
        if self.chance(50) {
            let (time, session) = (self.within(morning, 4 * 3600), alphanumeric(&mut self.rng, 25));
            let event = okta::Event {
                kind: "user.authentication.sso",
                message: "User single sign on to app",
                actor: person,
                ip: &place.public_ip,
                session: &session,
                target: None,
                success: true,
            };
            let written = event.written(&mut self.rng, time);
            self.add(time, written, Label::background());
        }
    }

    fn conversation(&mut self, person: &Person, time: Timestamp) {
        let to = self.usual_application(person);
        let conversation = uuid(&mut self.rng);
        let mut time = time;
        for _ in 0..self.rng.u32(1..=TURNS_MAX) {
            let turn = Turn::new(phrase(&mut self.rng, &QUESTIONS), phrase(&mut self.rng, &ANSWERS));
            self.talk(time, person, (to, &conversation), &turn, Label::background());
            time = self.within(time.saturating_add_millis(20_000), 240);
        }
    }

    fn usual_application(&mut self, person: &Person) -> &'static Application {
        let names: &[&str] = match person.team {
            Team::Engineering => &["code-assistant", "code-assistant", "research-agent", "operations-agent"],
            Team::Finance => &["finance-analyst", "finance-analyst", "research-agent", "hr-copilot"],
            Team::People => &["hr-copilot", "hr-copilot", "research-agent"],
            Team::Support => &["hr-copilot", "research-agent", "claims-triage"],
            Team::Sales => &["research-agent", "research-agent", "finance-analyst", "hr-copilot"],
        };
        application(pick(&mut self.rng, names).copied().unwrap_or_default())
    }

    fn process(&mut self, person: &Person, time: Timestamp) {
        let (path, hash) = image(self.rng.usize(..IMAGES.len()));
        let (image, command) = ((path, hash.as_str()), path.rsplit('\\').next().unwrap_or_default());
        let written = if person.subsidiary {
            crowdstrike::process(&mut self.rng, time, person, image, command)
        } else if self.rng.bool() {
            let place = self.place(person, time);
            let remote = ("198.51.100.200", "https://intranet.contoso.example/start");
            defender::connection(&mut self.rng, time, (person, &person.device), &place.inner_ip, remote)
        } else {
            defender::process(&mut self.rng, time, (person, &person.device), image, command)
        };
        self.add(time, written, Label::background());
    }

    fn office_work(&mut self, person: &Person, time: Timestamp) {
        let ip = self.place(person, time).public_ip;
        let written = if person.team == Team::Engineering {
            let action = pick(&mut self.rng, &["git.push", "git.fetch", "git.clone"]).copied().unwrap_or_default();
            let repository = pick(&mut self.rng, &["contoso/shop", "contoso/models", "contoso/infra"]);
            github::action(&mut self.rng, time, person, &ip, (action, repository.copied().unwrap_or_default()))
        } else if person.subsidiary {
            let document = format!("doc-{}", self.rng.u32(..400));
            google::activity(&mut self.rng, time, person, &ip, ("drive", "view", &[("doc_id", &document)]))
        } else {
            let file = format!("https://contoso.sharepoint.example/sites/team/doc-{}.docx", self.rng.u32(..400));
            let operation = ("SharePoint", "FileAccessed", json!({ "ObjectId": file }));
            defender::office(&mut self.rng, time, person, &ip, operation)
        };
        self.add(time, written, Label::background());
    }

    fn shared_logon(&mut self, person: &Person, time: Timestamp, onto: usize) {
        let ip = self.place(person, time).inner_ip;
        let company = self.company;
        let Some(host) = company.shared_hosts.get(onto) else { return };
        let written = windows::logon(&mut self.rng, time, person, host, &ip);
        self.add(time, written, Label::background());
        let (path, hash) = image(self.rng.usize(..IMAGES.len()));
        let later = self.within(time, 1800);
        let written = windows::process(&mut self.rng, later, (person, host), (path, &hash), path);
        self.add(later, written, Label::background());
    }

    /// Jobs under service accounts, around the clock.
    fn machines(&mut self, midnight: Timestamp) {
        let company = self.company;
        for service in &company.services {
            for round in 0..DAY_MS / 1000 / SERVICE_ROUND_SECS {
                let time = self.within(midnight.saturating_add_millis(round * SERVICE_ROUND_SECS * 1000), 600);
                let Some((api, operation)) = pick(&mut self.rng, &service.calls).copied() else { continue };
                let call = aws::Call {
                    user: service.name,
                    key_id: &service.key_id,
                    ip: service.ip,
                    service: api,
                    operation,
                    request: json!(null),
                    response: json!(null),
                    error: None,
                };
                let written = call.written(&mut self.rng, time);
                self.add(time, written, Label::background());
            }
        }
    }

    /// Customers of the company, each from an address of their own.
    fn customers(&mut self, midnight: Timestamp, weekend: bool) {
        let most = self.company.people.len() as u32 / if weekend { 4 } else { 2 };
        for _ in 0..most {
            let time = self.working_time(midnight);
            let (id, conversation) = (format!("customer-{}", self.rng.u32(10_000..)), uuid(&mut self.rng));
            let ip = format!("2001:db8:{:x}::{:x}", self.rng.u16(1..), self.rng.u16(1..));
            let turn = Turn::new(phrase(&mut self.rng, &CUSTOMERS), phrase(&mut self.rng, &ANSWERS));
            let to = (application("support-desk"), conversation.as_str());
            self.talk_from(time, Asker::Customer(&id), (&ip, BROWSER), to, &turn, Label::background());
        }
    }

    /// Low alerts about nothing: an installer that looks odd, a sign-in on a trip, somebody who scans the cloud.
    fn vendor_noise(&mut self, midnight: Timestamp) {
        let company = self.company;
        let noise = || Label::lookalike("vendor_noise");
        for _ in 0..company.people.len() / 50 + 1 {
            let time = self.working_time(midnight);
            let Some(person) = pick(&mut self.rng, &company.people) else { return };
            let hash = hex(&mut self.rng, 64);
            let file = ("C:\\Users\\Public\\Downloads\\setup.exe", hash.as_str());
            let written = if person.subsidiary {
                crowdstrike::alert(&mut self.rng, time, person, ("Unwanted software", 25, "T1204.002"), file)
            } else {
                let finding = defender::Finding {
                    title: "Unwanted software was prevented",
                    category: "UnwantedSoftware",
                    severity: "informational",
                    technique: "T1204.002",
                    service: "microsoftDefenderForEndpoint",
                };
                let evidence =
                    vec![defender::device_evidence(&person.device, Some(person)), defender::file_evidence(file)];
                defender::alert(&mut self.rng, time, &finding, evidence)
            };
            self.add(time, written, noise());
        }
        let time = self.working_time(midnight);
        if let Some(traveller) = pick(&mut self.rng, &company.people) {
            let ip = format!("192.0.2.{}", self.rng.u8(1..200));
            let session = uuid(&mut self.rng);
            let sign_in = SignIn {
                person: traveller,
                device: Some(&traveller.device),
                ip: &ip,
                city: ("Vienna", "AT"),
                session: &session,
                application: "Office 365 Exchange Online",
                risk: "low",
                error: 0,
            };
            let written = sign_in.written(&mut self.rng, time);
            self.add(time, written, noise());
            let written = entra::risk(&mut self.rng, time, traveller, &ip, ("unfamiliarFeatures", "low"));
            self.add(time, written, noise());
        }
        let time = self.within(midnight, DAY_MS / 1000);
        if let Some(service) = pick(&mut self.rng, &company.services) {
            let finding = ("Recon:IAMUser/NetworkPermissions", 2.0);
            let written = aws::key_finding(&mut self.rng, time, (service.name, &service.key_id), SCANNER_IP, finding);
            self.add(time, written, noise());
        }
    }

    /// Somebody who is curious what the assistant does when it is provoked, once, and nothing follows.
    fn lone_attacks(&mut self, midnight: Timestamp) {
        let company = self.company;
        for _ in 0..company.people.len().div_ceil(150) {
            let time = self.working_time(midnight);
            let Some(person) = pick(&mut self.rng, &company.people) else { return };
            let to = pick(&mut self.rng, &APPLICATIONS).filter(|to| to.name != SANDBOX);
            let (category, templates): (_, &[&str]) =
                if self.rng.bool() { ("jailbreak", &JAILBREAKS) } else { ("instruction_leak", &PROMPT_REQUESTS) };
            let turn = Turn::new(phrase(&mut self.rng, templates), "I can't help with that.");
            let conversation = uuid(&mut self.rng);
            let label = Label::lone(category, &conversation);
            self.talk(time, person, (to.unwrap_or(application("hr-copilot")), &conversation), &turn, label);
        }
    }
}
