//! Attack campaigns: partially ordered steps of which some are left out, each minutes to many hours after those
//! that it needs, some by another account or from other infrastructure than before.
//!
//! [`catalogue`] says which steps there are, [`Cast`] who takes part; what a step leaves in the logs is written by
//! [`ai`], [`identity`], [`endpoint`] and [`cloud`]. Two campaigns in three run at the time of another one and
//! share an entity with it that proves nothing: an exit of the same VPN provider, an application, a shared host,
//! an office.

mod ai;
mod catalogue;
mod cloud;
mod endpoint;
mod identity;

use std::collections::BTreeMap;

use schemas::Timestamp;

use self::catalogue::{Act, Step};
pub use self::catalogue::{CAMPAIGNS, Campaign};
use super::Label;
use super::organisation::{Device, Organisation, Person, ServiceAccount, access_key, alphanumeric, hex};
use super::people::{Application, application, pick, uuid};
use super::place::DAY_MS;
use super::scene::{Draft, Scene};
use super::vendors::Written;

const MINUTE_MS: i64 = 60_000;
/// The account that writes to the model registry.
const REGISTRY: &str = "svc-model-registry";

/// Who and what takes part in one campaign.
#[derive(Clone)]
pub struct Cast<'a> {
    /// Whose account or work is abused.
    pub victim: &'a Person,
    /// The second account, after the pivot.
    pub second: &'a Person,
    /// The AI application.
    pub application: &'a Application,
    /// The attacker's addresses, before and after the pivot.
    pub exits: [String; 2],
    /// The attacker's domain.
    pub domain: String,
    /// The IAM user whose access key leaks.
    pub key_user: String,
    /// That access key's id and secret.
    pub key: (String, String),
    /// The stolen session.
    pub session: String,
    /// The conversation that the attack runs in.
    pub conversation: String,
    /// The malware's path and SHA-256.
    pub malware: (String, String),
    /// An application that the victim consents to: its service principal and name.
    pub consented: (String, &'static str),
    /// The document that is changed, or that brings the attacker's link to others.
    pub document: String,
    /// The bucket that is read.
    pub bucket: String,
    /// A computer that many log on to.
    pub shared_host: &'a Device,
    /// The account of the model registry's jobs.
    pub registry: &'a ServiceAccount,
}

/// What two campaigns of one time share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shared {
    Exit,
    Application,
    Host,
    Office,
}

impl Shared {
    const ALL: [Self; 4] = [Self::Exit, Self::Application, Self::Host, Self::Office];
}

/// `count` campaigns from `start` within `days`, no kind twice before all were played.
pub fn campaigns(company: &Organisation, seed: u64, start: Timestamp, days: u32, count: usize) -> Vec<Draft> {
    let mut scene = Scene::new(company, seed, 3);
    let mut kinds: Vec<&Campaign> = CAMPAIGNS.iter().collect();
    scene.rng.shuffle(&mut kinds);
    let mut people: Vec<&Person> = company.people.iter().collect();
    scene.rng.shuffle(&mut people);
    let mut services: Vec<&ServiceAccount> =
        company.services.iter().filter(|service| service.name != REGISTRY).collect();
    scene.rng.shuffle(&mut services);
    // The last day is left to what takes its time.
    let room = i64::from(days.saturating_sub(1).max(1));
    let mut previous: Option<(Cast<'_>, Timestamp)> = None;
    for (number, kind) in kinds.iter().cycle().take(count).enumerate() {
        let other = previous.as_ref().filter(|_| !number.is_multiple_of(3));
        let shared = other.and_then(|_| pick(&mut scene.rng, &Shared::ALL).copied());
        let office = other.filter(|_| shared == Some(Shared::Office)).map(|(other, _)| other.victim.office);
        let Some(mut cast) = cast(&mut scene, kind, office, (&mut people, &mut services)) else { break };
        let day = start.saturating_add_millis(scene.rng.i64(0..room) * DAY_MS);
        let mut begin = scene.working_time(day);
        if let Some((other, other_begin)) = other {
            begin = scene.within(*other_begin, 2 * 3600);
            match shared {
                Some(Shared::Exit) => cast.exits.clone_from(&other.exits),
                Some(Shared::Application) => cast.application = other.application,
                Some(Shared::Host) => cast.shared_host = other.shared_host,
                Some(Shared::Office) | None => {}
            }
        }
        let name = format!("{}-{number}", kind.name);
        let mut play = Play { scene: &mut scene, cast: cast.clone(), name, step: "", category: None, pivoted: false };
        play.run(kind, begin);
        previous = Some((cast, begin));
    }
    scene.drafts
}

/// Who takes part in a campaign of `kind` on somebody of `office`, where one is given; nobody has a part twice, and no job's key leaks twice.
fn cast<'a>(
    scene: &mut Scene<'a>,
    kind: &Campaign,
    office: Option<usize>,
    (people, services): (&mut Vec<&'a Person>, &mut Vec<&'a ServiceAccount>),
) -> Option<Cast<'a>> {
    let company = scene.company;
    let fits = |person: &Person| person.team == kind.team && office.is_none_or(|office| person.office == office);
    let victim = take(people, fits).or_else(|| people.pop())?;
    let second = take(people, |person| person.team != kind.team).unwrap_or(victim);
    let rng = &mut scene.rng;
    // Some of the keys that leak are in daily use, each of them once, the others were made and forgotten.
    let (key_user, key) = match services.pop().filter(|_| rng.bool()) {
        Some(service) => (service.name.to_owned(), (service.key_id.clone(), alphanumeric(rng, 40))),
        None => (victim.account.clone(), access_key(rng)),
    };
    let names = ["update.exe", "invoice_viewer.exe", "helper.dll", "sync.exe"];
    Some(Cast {
        victim,
        second,
        application: application(kind.application),
        exits: [(); 2].map(|()| format!("203.0.113.{}", rng.u8(1..=254))),
        domain: format!("{}.attacker.example", hex(rng, 10)),
        key_user,
        key,
        session: uuid(rng),
        conversation: uuid(rng),
        malware: (format!("C:\\Users\\{}\\AppData\\Local\\Temp\\{}", victim.account, pick(rng, &names)?), hex(rng, 64)),
        consented: (uuid(rng), "Inbox Insights"),
        document: format!("doc-{}", rng.u32(..400)),
        bucket: format!("contoso-{}-{}", kind.application, hex(rng, 4)),
        shared_host: pick(rng, &company.shared_hosts)?,
        registry: company.services.iter().find(|service| service.name == REGISTRY)?,
    })
}

/// Takes the first that fits off `people`.
fn take<'a>(people: &mut Vec<&'a Person>, fits: impl Fn(&Person) -> bool) -> Option<&'a Person> {
    people.iter().position(|person| fits(person)).map(|at| people.swap_remove(at))
}

/// A campaign under way.
struct Play<'s, 'a> {
    scene: &'s mut Scene<'a>,
    cast: Cast<'a>,
    name: String,
    /// The step that is being played.
    step: &'static str,
    /// The category of the interactions that the step writes.
    category: Option<&'static str>,
    /// Whether the step is done by the second account, from the second exit.
    pivoted: bool,
}

impl Play<'_, '_> {
    /// Plays all steps that are not left out; what needs a step that was left out waits all the same.
    fn run(&mut self, kind: &Campaign, begin: Timestamp) {
        let mut ends: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for step in kind.steps {
            let ready = step.after.iter().filter_map(|name| ends.get(name)).max().copied().unwrap_or(begin);
            let time = ready.saturating_add_millis(self.wait_ms(step));
            ends.insert(step.name, time);
            if !self.scene.chance(step.omitted_percent) {
                (self.step, self.pivoted) = (step.name, step.pivoted);
                self.act(step.act, time);
            }
        }
    }

    /// A wait between the step's bounds, short ones more often than long ones.
    fn wait_ms(&mut self, step: &Step) -> i64 {
        let (least, most) = (f64::from(step.wait_mins.0.max(1)), f64::from(step.wait_mins.1.max(1)));
        let mins = least * (most / least).powf(self.scene.rng.f64());
        (mins * MINUTE_MS as f64) as i64
    }

    fn act(&mut self, act: Act, time: Timestamp) {
        match act {
            Act::Ai(act, by) => self.ai(act, by, time),
            Act::Identity(act) => self.identity(act, time),
            Act::Endpoint(act) => self.endpoint(act, time),
            Act::Cloud(act) => self.cloud(act, time),
        }
    }

    /// The account that the step is done with.
    fn account(&self) -> &Person {
        if self.pivoted { self.cast.second } else { self.cast.victim }
    }

    /// The address that the attacker comes from in this step.
    fn exit(&self) -> String {
        self.cast.exits[usize::from(self.pivoted)].clone()
    }

    fn add(&mut self, time: Timestamp, written: Written) {
        let label = self.label();
        self.scene.add(time, written, label);
    }

    fn label(&self) -> Label {
        Label {
            attack: true,
            category: self.category,
            campaign: Some(self.name.clone()),
            step: Some(self.step),
            benign: None,
        }
    }

    /// The instants of `count` repetitions from `time` on, at most `gap_secs` apart.
    fn times(&mut self, time: Timestamp, count: usize, gap_secs: i64) -> Vec<Timestamp> {
        let mut times = vec![time];
        for _ in 1..count {
            let next = times.last().copied().unwrap_or(time).saturating_add_millis(1_000);
            times.push(self.scene.within(next, gap_secs));
        }
        times
    }
}
