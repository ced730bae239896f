//! What campaigns leave at identity providers.

use schemas::Timestamp;

use super::Play;
use super::catalogue::Identity;
use crate::simulation::organisation::{Person, Team, alphanumeric};
use crate::simulation::people::uuid;
use crate::simulation::vendors::{entra, google, okta};

impl Play<'_, '_> {
    pub(super) fn identity(&mut self, act: Identity, time: Timestamp) {
        let person = self.account().clone();
        let exit = self.exit();
        match act {
            Identity::FailedSignIns => {
                for time in self.times(time, 5, 60) {
                    self.sign_in(time, &person, "", 50_126);
                }
            }
            Identity::ForeignSignIn => {
                let session = uuid(&mut self.scene.rng);
                self.sign_in(time, &person, &session, 0);
            }
            Identity::StolenSession => {
                let session = self.cast.session.clone();
                // The session began with the owner, on the owner's computer.
                let before = time.saturating_add_millis(-3 * 3_600_000);
                let place = self.scene.place(&person, before);
                let usual = entra::SignIn {
                    person: &person,
                    device: Some(&person.device),
                    ip: &place.public_ip,
                    city: place.city,
                    session: &session,
                    application: "Office 365 Exchange Online",
                    risk: "none",
                    error: 0,
                };
                let written = usual.written(&mut self.scene.rng, before);
                self.scene.add(before, written, crate::simulation::Label::background());
                self.sign_in(time, &person, &session, 0);
            }
            Identity::RiskDetection => {
                let kind = ("anonymizedIPAddress", "high");
                let written = entra::risk(&mut self.scene.rng, time, &person, &exit, kind);
                self.add(time, written);
            }
            Identity::FactorReset => self.factor_reset(time, &person),
            Identity::OktaSession => {
                let session = alphanumeric(&mut self.scene.rng, 25);
                let event = okta::Event {
                    kind: "user.session.start",
                    message: "User login to Okta",
                    actor: &person,
                    ip: &exit,
                    session: &session,
                    target: None,
                    success: true,
                };
                let written = event.written(&mut self.scene.rng, time);
                self.add(time, written);
            }
            Identity::Consent => {
                let ip = self.scene.place(&person, time).public_ip;
                let (id, name) = &self.cast.consented;
                let change = ("Consent to application", vec![entra::principal_target(id, name)]);
                let written = entra::audit(&mut self.scene.rng, time, &person, &ip, change);
                self.add(time, written);
            }
            Identity::PrincipalCredential => {
                let (id, name) = &self.cast.consented;
                let change = ("Add service principal credentials", vec![entra::principal_target(id, name)]);
                let written = entra::audit(&mut self.scene.rng, time, &person, &exit, change);
                self.add(time, written);
            }
            Identity::RoleGranted => {
                let change = ("Add member to role", vec![entra::user_target(self.cast.second)]);
                let written = entra::audit(&mut self.scene.rng, time, &person, &exit, change);
                self.add(time, written);
            }
        }
    }

    /// A sign-in from the attacker's exit, at the provider that the person's company uses.
    fn sign_in(&mut self, time: Timestamp, person: &Person, session: &str, error: u32) {
        let exit = self.exit();
        let written = if person.subsidiary {
            let name = if error == 0 { "login_success" } else { "login_failure" };
            google::activity(&mut self.scene.rng, time, person, &exit, ("login", name, &[("login_type", "exchange")]))
        } else {
            let sign_in = entra::SignIn {
                person,
                device: None,
                ip: &exit,
                city: ("Valparaíso", "CL"),
                session,
                application: "Office 365 Exchange Online",
                risk: if error == 0 { "medium" } else { "none" },
                error,
            };
            sign_in.written(&mut self.scene.rng, time)
        };
        self.add(time, written);
    }

    fn factor_reset(&mut self, time: Timestamp, person: &Person) {
        let company = self.scene.company;
        let Some(helper) = company.someone(&mut self.scene.rng, Team::Support) else { return };
        let ip = self.scene.place(helper, time).public_ip;
        let session = alphanumeric(&mut self.scene.rng, 25);
        let event = okta::Event {
            kind: "user.mfa.factor.reset_all",
            message: "Reset all factors for user",
            actor: helper,
            ip: &ip,
            session: &session,
            target: Some(person),
            success: true,
        };
        let written = event.written(&mut self.scene.rng, time);
        self.add(time, written);
    }
}
