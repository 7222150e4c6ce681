//! Cedar itself, by its public API: every policy is asked, over the whole store.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Entities as CedarEntities, Entity as CedarEntity, EntityUid, PolicySet,
    Request, Schema,
};

use super::model::{Ask, Data, Entities, Uid, entities_json, entity_json, schema};

pub(crate) struct Scan {
    policies: PolicySet,
    schema: Schema,
    /// Whether the schema has labels.
    labels: bool,
    stated: Entities,
    store: CedarEntities,
    /// The entities of the store one by one, with their parents only.
    single: BTreeMap<Uid, CedarEntity>,
}

/// What Cedar says: the ids of satisfied permits or forbids, and of policies whose evaluation
/// failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) reasons: Vec<String>,
    pub(crate) errors: Vec<String>,
}

impl Scan {
    pub(crate) fn new(policies: &str, stated: &Entities, semantics: u64) -> Scan {
        let schema = Schema::from_str(&schema(semantics)).unwrap();
        let store = CedarEntities::from_json_str(&entities_json(stated), Some(&schema)).unwrap();
        let policies = PolicySet::from_str(policies).unwrap();
        let single = stated.iter().map(|(uid, data)| (*uid, single(*uid, data, &schema).unwrap()));
        let single = single.collect();
        Scan { policies, schema, labels: semantics > 1, stated: stated.clone(), store, single }
    }

    /// Asks. None where the request does not fit the schema.
    pub(crate) fn ask(&self, ask: &Ask) -> Option<Said> {
        let who = ask.who.map(|id| format!(r#","who":{{"type":"User","id":"{id}"}}"#));
        let list = |names: &BTreeSet<&str>| format!("{names:?}").replace(['{', '}'], "");
        let labels = self.labels.then(|| {
            let (own, left) = (list(&ask.labels), list(&ask.resource_labels));
            format!(r#","labels":[{own}],"resource_labels":[{left}]"#)
        });
        let labels = labels.unwrap_or_default();
        let context = format!(
            r#"{{"input":{{"n":{},"s":"{}"{}}},"facts":{{"trust":"{}","at_ms":1000}}{labels}}}"#,
            ask.n,
            ask.s,
            who.unwrap_or_default(),
            ask.trust.as_str()
        );
        let action = EntityUid::from_str(&format!("Action::\"{}\"", ask.action)).unwrap();
        let context = Context::from_json_str(&context, Some((&self.schema, &action))).ok()?;
        let uid = |(kind, id): Uid| EntityUid::from_str(&format!("{kind}::\"{id}\"")).unwrap();
        let (who, what) = (uid(ask.principal.0), uid(ask.resource.0));
        let request = Request::new(who, action, what, context, Some(&self.schema)).ok()?;
        let laid;
        let store = match self.is_stated(ask) {
            true => &self.store,
            false => {
                laid = self.laid_over(ask)?;
                &laid
            }
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, store);
        let id = |policy| self.policies.annotation(policy, "id").unwrap().to_owned();
        let mut reasons: Vec<String> = response.diagnostics().reason().map(id).collect();
        let errors = response.diagnostics().errors().map(|error| match error {
            cedar_policy::AuthorizationError::PolicyEvaluationError(error) => id(error.policy_id()),
        });
        let mut errors: Vec<String> = errors.collect();
        reasons.sort();
        errors.sort();
        Some(Said { reasons, errors })
    }

    /// Whether the request says nothing of its entities that the bundle does not.
    fn is_stated(&self, ask: &Ask) -> bool {
        [&ask.principal, &ask.resource]
            .into_iter()
            .all(|(uid, said)| self.stated.contains_key(uid) && *said == Data::default())
    }

    /// A whole new store of the bundle's entities and those of the request.
    fn laid_over(&self, ask: &Ask) -> Option<CedarEntities> {
        let mut told: Entities = BTreeMap::new();
        for (uid, said) in [&ask.principal, &ask.resource] {
            let stated = || self.stated.get(uid).cloned().unwrap_or_default();
            let entry = told.entry(*uid).or_insert_with(stated);
            entry.level = entry.level.or(said.level);
            entry.lead = entry.lead.or(said.lead);
            entry.owner = entry.owner.or(said.owner);
            entry.tags = entry.tags.take().or_else(|| said.tags.clone());
            entry.parents.extend(said.parents.iter().copied());
        }
        let others = self.single.iter().filter(|(uid, _)| !told.contains_key(*uid));
        let mut all: Vec<CedarEntity> = others.map(|(_, entity)| entity.clone()).collect();
        for (uid, data) in &told {
            all.push(single(*uid, data, &self.schema)?);
        }
        CedarEntities::from_entities(all, Some(&self.schema)).ok()
    }
}

fn single(uid: Uid, data: &Data, schema: &Schema) -> Option<CedarEntity> {
    CedarEntity::from_json_str(entity_json(uid, data), Some(schema)).ok()
}
