-- What all migrations make of an empty database, in one step. Written by `make tables`.

CREATE FUNCTION labeling_doubt_of_set(said jsonb, confidence double precision, labels character varying[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN GREATEST((SELECT max((jsonb_each_text.value)::double precision) AS max FROM jsonb_each_text(labeling_doubt_of_set.said) jsonb_each_text(key, value) WHERE (jsonb_each_text.key <> ALL ((labeling_doubt_of_set.labels)::text[]))), CASE WHEN (EXISTS (SELECT FROM unnest(labeling_doubt_of_set.labels) label(label) WHERE (NOT (labeling_doubt_of_set.said ? (label.label)::text)))) THEN confidence ELSE NULL::double precision END);

CREATE TABLE labeling_assignment (
    id bigint NOT NULL,
    slot smallint NOT NULL,
    state character varying(9) NOT NULL,
    leased_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    reason character varying(10) NOT NULL,
    probability double precision,
    generation bigint NOT NULL,
    model_number integer,
    suggestion jsonb,
    rank double precision,
    is_repeat boolean GENERATED ALWAYS AS (((reason)::text = 'repeat'::text)) STORED,
    annotator_id bigint NOT NULL,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL,
    mixture jsonb,
    CONSTRAINT labeling_assignment_model_number_check CHECK ((model_number >= 0)),
    CONSTRAINT labeling_assignment_slot_check CHECK ((slot >= 0))
);

CREATE FUNCTION labeling_met_by(person bigint, item bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT a.id
    FROM labeling_assignment a
   WHERE ((a.annotator_id = labeling_met_by.person) AND (a.item_id = labeling_met_by.item) AND (NOT a.is_repeat) AND ((a.state)::text <> ALL (ARRAY[('expired'::character varying)::text, ('released'::character varying)::text])))
  LIMIT 1;
END;

CREATE FUNCTION labeling_renamed_set(said jsonb, moves jsonb, today text[]) RETURNS TABLE(labels jsonb, label text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT jsonb_object_agg(name, share), (array_agg(name ORDER BY share DESC, name))[1]
    FROM (SELECT coalesce(moves ->> key, key) AS name, max(value::float8) AS share
          FROM jsonb_each_text(said) GROUP BY 1) AS renamed
    WHERE name = ANY(today)
$$;

CREATE FUNCTION labeling_says(data json, pattern text) RETURNS boolean
    LANGUAGE sql IMMUTABLE COST 1000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (EXISTS ( SELECT
            FROM jsonb_path_query((labeling_says.data)::jsonb, 'strict $.**'::jsonpath) part(part)
           WHERE ((jsonb_typeof(part.part) = ANY (ARRAY['string'::text, 'number'::text, 'boolean'::text])) AND (upper((part.part #>> '{}'::text[])) ~~ labeling_says.pattern)))) AS "exists";
END;

CREATE FUNCTION labeling_vote_counts(reason character varying, is_right boolean, undone_at timestamp with time zone) RETURNS TABLE(votes integer, repeats integer, known integer, known_right integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (((undone_at IS NULL) AND ((reason)::text <> 'repeat'::text)))::integer AS int4,
     (((undone_at IS NULL) AND ((reason)::text = 'repeat'::text)))::integer AS int4,
     (((undone_at IS NULL) AND (is_right IS NOT NULL)))::integer AS int4,
     (((undone_at IS NULL) AND (is_right IS TRUE)))::integer AS int4;
END;

CREATE FUNCTION labeling_vote_event(labels character varying[], version integer, comment text, is_unsure boolean) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('labels', labels, 'version', version, 'comment', comment, 'is_unsure', is_unsure);

CREATE FUNCTION labeling_work_of(split character varying, slot integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((split)::text = 'evaluation'::text) THEN 'evaluation'::text WHEN (slot = 0) THEN 'first'::text ELSE 'further'::text END;

CREATE TABLE activelearn_duel (
    id bigint NOT NULL,
    seed bigint NOT NULL,
    items integer NOT NULL,
    differing integer NOT NULL,
    places jsonb NOT NULL,
    asked integer NOT NULL,
    answered integer NOT NULL,
    labels_then bigint NOT NULL,
    alpha double precision,
    better integer NOT NULL,
    worse integer NOT NULL,
    gain jsonb,
    p double precision,
    verdict character varying(20) DEFAULT ''::character varying NOT NULL,
    explanation jsonb,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    challenger_id bigint NOT NULL,
    champion_id bigint NOT NULL,
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_duel_answered_check CHECK ((answered >= 0)),
    CONSTRAINT activelearn_duel_asked_check CHECK ((asked >= 0)),
    CONSTRAINT activelearn_duel_better_check CHECK ((better >= 0)),
    CONSTRAINT activelearn_duel_differing_check CHECK ((differing >= 0)),
    CONSTRAINT activelearn_duel_items_check CHECK ((items >= 0)),
    CONSTRAINT activelearn_duel_labels_then_check CHECK ((labels_then >= 0)),
    CONSTRAINT activelearn_duel_seed_check CHECK ((seed >= 0)),
    CONSTRAINT activelearn_duel_worse_check CHECK ((worse >= 0)),
    CONSTRAINT duel_counts CHECK (((asked <= differing) AND (differing <= items) AND (answered <= asked))),
    CONSTRAINT duel_ends_with_a_verdict CHECK ((((ended_at IS NULL) AND ((verdict)::text = ANY (ARRAY[(''::character varying)::text, ('go on'::character varying)::text]))) OR ((ended_at IS NOT NULL) AND (NOT ((verdict)::text = ANY (ARRAY[(''::character varying)::text, ('go on'::character varying)::text])))))),
    CONSTRAINT duel_of_two CHECK ((NOT (challenger_id = champion_id)))
);

ALTER TABLE activelearn_duel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_duel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_evaluation (
    id bigint NOT NULL,
    items integer NOT NULL,
    items_hash character varying(64) NOT NULL,
    better integer NOT NULL,
    worse integer NOT NULL,
    lower_bound double precision NOT NULL,
    mid_p double precision NOT NULL,
    rule character varying(20) NOT NULL,
    verdict character varying(20) NOT NULL,
    outcomes jsonb NOT NULL,
    champion_id bigint,
    model_id bigint NOT NULL,
    sha256 character varying(64) DEFAULT ''::character varying NOT NULL,
    report jsonb NOT NULL,
    pairs jsonb CONSTRAINT activelearn_evaluation_answers_not_null NOT NULL,
    left_out integer DEFAULT 0 NOT NULL,
    terms jsonb NOT NULL,
    sureness jsonb NOT NULL,
    label_set_id bigint,
    left_out_items bigint[],
    CONSTRAINT activelearn_evaluation_better_check CHECK ((better >= 0)),
    CONSTRAINT activelearn_evaluation_items_check CHECK ((items >= 0)),
    CONSTRAINT activelearn_evaluation_left_out_check CHECK ((left_out >= 0)),
    CONSTRAINT activelearn_evaluation_worse_check CHECK ((worse >= 0))
);

ALTER TABLE activelearn_evaluation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_evaluation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_featureshard (
    id bigint NOT NULL,
    spec jsonb NOT NULL,
    spec_hash character varying(64) NOT NULL,
    first_item bigint NOT NULL,
    last_item bigint NOT NULL,
    items integer NOT NULL,
    sha256 character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    unread integer,
    CONSTRAINT activelearn_featureshard_items_check CHECK ((items >= 0)),
    CONSTRAINT activelearn_featureshard_unread_check CHECK ((unread >= 0))
);

ALTER TABLE activelearn_featureshard ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_featureshard_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_featurespec (
    id bigint NOT NULL,
    number integer NOT NULL,
    sha256 character varying(64) NOT NULL,
    spec jsonb NOT NULL,
    rows integer NOT NULL,
    there bigint NOT NULL,
    columns jsonb NOT NULL,
    last_item bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_featurespec_number_check CHECK ((number >= 0)),
    CONSTRAINT activelearn_featurespec_rows_check CHECK ((rows >= 0)),
    CONSTRAINT activelearn_featurespec_there_check CHECK ((there >= 0))
);

ALTER TABLE activelearn_featurespec ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_featurespec_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_learningforecast (
    id bigint NOT NULL,
    label_count integer NOT NULL,
    labels integer NOT NULL,
    held_out integer NOT NULL,
    points jsonb NOT NULL,
    ahead jsonb NOT NULL,
    plateau double precision NOT NULL,
    changing double precision NOT NULL,
    people double precision,
    seconds double precision,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_learningforecast_held_out_check CHECK ((held_out >= 0)),
    CONSTRAINT activelearn_learningforecast_label_count_check CHECK ((label_count >= 0)),
    CONSTRAINT activelearn_learningforecast_labels_check CHECK ((labels >= 0))
);

ALTER TABLE activelearn_learningforecast ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_learningforecast_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_learningpolicy (
    project_id bigint NOT NULL,
    strategy character varying(16) NOT NULL,
    batch character varying(8) NOT NULL,
    exploration_rate double precision NOT NULL,
    retrain_first integer NOT NULL,
    retrain_growth double precision NOT NULL,
    aim double precision NOT NULL,
    aim_figure character varying(20) NOT NULL,
    weight_expert double precision NOT NULL,
    weight_gold double precision NOT NULL,
    weight_consensus double precision NOT NULL,
    half_life_days smallint NOT NULL,
    gate character varying(8) NOT NULL,
    duel boolean NOT NULL,
    ranked_by character varying(100) DEFAULT ''::character varying NOT NULL,
    fall_back boolean DEFAULT true NOT NULL,
    hourly_rate double precision DEFAULT 0.0 NOT NULL,
    by_minute boolean DEFAULT false NOT NULL,
    likely_labels boolean DEFAULT true NOT NULL,
    CONSTRAINT activelearn_learningpolicy_half_life_days_check CHECK ((half_life_days >= 0)),
    CONSTRAINT activelearn_learningpolicy_retrain_first_check CHECK ((retrain_first >= 0))
);

CREATE TABLE activelearn_meterlook (
    id bigint NOT NULL,
    labels integer NOT NULL,
    held_out integer NOT NULL,
    value double precision NOT NULL,
    low double precision,
    high double precision,
    verdict character varying(11) NOT NULL,
    more integer NOT NULL,
    points jsonb NOT NULL,
    before character varying(6) NOT NULL,
    orderer character varying(6) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    strategy character varying(16) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT activelearn_meterlook_held_out_check CHECK ((held_out >= 0)),
    CONSTRAINT activelearn_meterlook_labels_check CHECK ((labels >= 0)),
    CONSTRAINT activelearn_meterlook_more_check CHECK ((more >= 0))
);

ALTER TABLE activelearn_meterlook ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_meterlook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_modelversion (
    id bigint NOT NULL,
    number integer NOT NULL,
    stage character varying(10) NOT NULL,
    spec_hash character varying(64) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size integer NOT NULL,
    seed integer NOT NULL,
    environment jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    promoted_at timestamp with time zone,
    label_set_id bigint NOT NULL,
    parent_id bigint,
    project_id bigint NOT NULL,
    promoted_by_id bigint,
    snapshot_id bigint NOT NULL,
    run_id bigint NOT NULL,
    rolled_back_at timestamp with time zone,
    waits_for integer,
    calibrated_on character varying(64) DEFAULT ''::character varying NOT NULL,
    calibration jsonb NOT NULL,
    archived_at timestamp with time zone,
    archived_by_id bigint,
    archived_why character varying(300) DEFAULT ''::character varying NOT NULL,
    crossfit character varying(64) DEFAULT ''::character varying NOT NULL,
    damaged_at timestamp with time zone,
    likely jsonb,
    CONSTRAINT activelearn_modelversion_number_check CHECK ((number >= 0)),
    CONSTRAINT activelearn_modelversion_seed_check CHECK ((seed >= 0)),
    CONSTRAINT activelearn_modelversion_size_check CHECK ((size >= 0)),
    CONSTRAINT activelearn_modelversion_waits_for_check CHECK ((waits_for >= 0))
);

ALTER TABLE activelearn_modelversion ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_modelversion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_promotion (
    id bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    at timestamp with time zone NOT NULL,
    before_id bigint,
    by_id bigint,
    model_id bigint NOT NULL,
    project_id bigint NOT NULL,
    run_id bigint,
    is_rollback boolean DEFAULT false NOT NULL,
    why character varying(300) DEFAULT ''::character varying NOT NULL
);

ALTER TABLE activelearn_promotion ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_promotion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_rankingfit (
    id bigint NOT NULL,
    generation bigint NOT NULL,
    strategy character varying(20) NOT NULL,
    label_count integer CONSTRAINT activelearn_rankingfit_labels_not_null NOT NULL,
    pool integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_rankingfit_labels_check CHECK ((label_count >= 0)),
    CONSTRAINT activelearn_rankingfit_pool_check CHECK ((pool >= 0))
);

ALTER TABLE activelearn_rankingfit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_rankingfit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_representationchoice (
    id bigint NOT NULL,
    number integer NOT NULL,
    name character varying(20) NOT NULL,
    before character varying(20) NOT NULL,
    label_count integer NOT NULL,
    items integer NOT NULL,
    compared jsonb NOT NULL,
    gain double precision NOT NULL,
    error double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    known_words double precision,
    CONSTRAINT activelearn_representationchoice_items_check CHECK ((items >= 0)),
    CONSTRAINT activelearn_representationchoice_label_count_check CHECK ((label_count >= 0)),
    CONSTRAINT activelearn_representationchoice_number_check CHECK ((number >= 0))
);

ALTER TABLE activelearn_representationchoice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_representationchoice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_retraintrigger (
    id bigint NOT NULL,
    fired integer NOT NULL,
    label_count bigint CONSTRAINT activelearn_retraintrigger_labels_not_null NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_retraintrigger_fired_check CHECK ((fired >= 0)),
    CONSTRAINT activelearn_retraintrigger_labels_check CHECK ((label_count >= 0))
);

ALTER TABLE activelearn_retraintrigger ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_retraintrigger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_scoredchunk (
    id bigint NOT NULL,
    first_item bigint NOT NULL,
    items integer NOT NULL,
    scores bytea NOT NULL,
    label_set_id bigint NOT NULL,
    model_id bigint NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT activelearn_scoredchunk_items_check CHECK ((items >= 0))
);

ALTER TABLE activelearn_scoredchunk ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_scoredchunk_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_scoringrun (
    id bigint NOT NULL,
    items integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    model_id bigint NOT NULL,
    project_id bigint NOT NULL,
    label_set_id bigint,
    CONSTRAINT activelearn_scoringrun_items_check CHECK ((items >= 0))
);

ALTER TABLE activelearn_scoringrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_scoringrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_snapshot (
    id bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    items integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    item_ids bigint[],
    CONSTRAINT activelearn_snapshot_items_check CHECK ((items >= 0))
);

ALTER TABLE activelearn_snapshot ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_snapshot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE activelearn_trainingrun (
    id bigint NOT NULL,
    trigger character varying(10) NOT NULL,
    reason jsonb NOT NULL,
    label_count integer,
    verdict character varying(20) NOT NULL,
    explanation jsonb,
    created_at timestamp with time zone NOT NULL,
    job_id bigint NOT NULL,
    project_id bigint NOT NULL,
    requested_by_id bigint,
    snapshot_id bigint,
    judgment character varying(64) DEFAULT ''::character varying NOT NULL,
    judges_id bigint,
    experiment jsonb,
    fingerprint character varying(64) DEFAULT ''::character varying NOT NULL,
    same_as_id bigint,
    alpha double precision,
    look integer,
    unread integer,
    duel_id bigint,
    strength jsonb,
    CONSTRAINT activelearn_trainingrun_labels_check CHECK ((label_count >= 0)),
    CONSTRAINT activelearn_trainingrun_look_check CHECK ((look >= 0)),
    CONSTRAINT activelearn_trainingrun_unread_check CHECK ((unread >= 0))
);

ALTER TABLE activelearn_trainingrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME activelearn_trainingrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);

ALTER TABLE auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);

ALTER TABLE auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE UNLOGGED TABLE config_doorbell (
    id bigint NOT NULL,
    queue text NOT NULL,
    message text NOT NULL
);

ALTER TABLE config_doorbell ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME config_doorbell_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE config_identity (
    id bigint NOT NULL,
    issuer character varying(255) NOT NULL,
    subject character varying(255) NOT NULL,
    granted jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    user_id bigint NOT NULL
);

ALTER TABLE config_identity ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME config_identity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id bigint NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);

ALTER TABLE django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);

ALTER TABLE django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);

ALTER TABLE django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);

CREATE TABLE labeling_agreementreport (
    id bigint NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    votes_hash character varying(64) NOT NULL,
    items integer NOT NULL,
    votes integer NOT NULL,
    percent double precision,
    cohen_kappa double precision,
    fleiss_kappa double precision,
    krippendorff_alpha double precision,
    body jsonb NOT NULL,
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_agreementreport_items_check CHECK ((items >= 0)),
    CONSTRAINT labeling_agreementreport_votes_check CHECK ((votes >= 0))
);

ALTER TABLE labeling_agreementreport ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_agreementreport_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_annotation (
    id bigint NOT NULL,
    client_id uuid NOT NULL,
    request_hash character varying(64) NOT NULL,
    labels character varying(120)[] NOT NULL,
    is_unsure boolean NOT NULL,
    seconds double precision,
    comment text NOT NULL,
    version integer NOT NULL,
    undone_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    reason character varying(10) NOT NULL,
    probability double precision,
    model_number integer,
    suggestion_shown jsonb,
    screen character varying(6) DEFAULT ''::character varying NOT NULL,
    annotator_id bigint NOT NULL,
    assignment_id bigint,
    guideline_id bigint,
    item_id bigint NOT NULL,
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    is_right boolean,
    mixture jsonb,
    CONSTRAINT labeling_annotation_model_number_check CHECK ((model_number >= 0)),
    CONSTRAINT labeling_annotation_version_check CHECK ((version >= 0))
);

ALTER TABLE labeling_annotation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_annotation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_annotationevent (
    id bigint NOT NULL,
    kind character varying(8) NOT NULL,
    payload jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id bigint,
    annotation_id bigint,
    assignment_id bigint,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL
);

ALTER TABLE labeling_annotationevent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_annotationevent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_apitoken (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    name character varying(80) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id bigint NOT NULL,
    expires_at timestamp with time zone,
    used_at timestamp with time zone
);

ALTER TABLE labeling_apitoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_apitoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE labeling_assignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_assignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_beyondsample (
    id bigint NOT NULL,
    label character varying(120) NOT NULL,
    groups character varying(200)[] NOT NULL,
    held_out integer,
    of integer,
    others character varying(200)[],
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_beyondsample_held_out_check CHECK ((held_out >= 0)),
    CONSTRAINT labeling_beyondsample_of_check CHECK ((of >= 0)),
    CONSTRAINT no_more_held_out_than_there_are CHECK ((((held_out IS NULL) AND (of IS NULL)) OR (held_out <= of)))
);

ALTER TABLE labeling_beyondsample ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_beyondsample_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_blindlabels (
    id bigint CONSTRAINT labeling_blindanswer_id_not_null NOT NULL,
    labels character varying(120)[] CONSTRAINT labeling_blindanswer_labels_not_null NOT NULL,
    outcome character varying(9) CONSTRAINT labeling_blindanswer_outcome_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT labeling_blindanswer_at_not_null NOT NULL,
    expert_id bigint CONSTRAINT labeling_blindanswer_expert_id_not_null NOT NULL,
    disagreement_id bigint CONSTRAINT labeling_blindanswer_disagreement_id_not_null NOT NULL
);

ALTER TABLE labeling_blindlabels ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_blindanswer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_browsersession (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL,
    device character varying(200) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    account_id bigint
);

CREATE TABLE labeling_deferral (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    expert_id bigint NOT NULL,
    disagreement_id bigint NOT NULL
);

ALTER TABLE labeling_deferral ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_deferral_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_disagreement (
    id bigint NOT NULL,
    origin character varying(7) DEFAULT 'votes'::character varying NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    entropy double precision NOT NULL,
    votes_seen jsonb NOT NULL,
    resolved_at timestamp with time zone,
    outcome character varying(9) NOT NULL,
    note text NOT NULL,
    resolved_by_id bigint,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL,
    before_id bigint,
    resolution_id bigint
);

ALTER TABLE labeling_disagreement ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_disagreement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_door (
    digest character varying(64) NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    open_at timestamp with time zone NOT NULL,
    CONSTRAINT labeling_door_failures_check CHECK ((failures >= 0))
);

CREATE TABLE labeling_item (
    id bigint NOT NULL,
    external_id character varying(200) NOT NULL,
    data json NOT NULL,
    metadata json NOT NULL,
    tags character varying(80)[] NOT NULL,
    content_hash character varying(64) NOT NULL,
    group_key character varying(200) NOT NULL,
    split character varying(10) NOT NULL,
    state character varying(8) NOT NULL,
    votes smallint NOT NULL,
    votes_wanted smallint NOT NULL,
    is_unsettled boolean NOT NULL,
    flags smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    media_id bigint,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_item_flags_check CHECK ((flags >= 0)),
    CONSTRAINT labeling_item_votes_check CHECK ((votes >= 0)),
    CONSTRAINT labeling_item_votes_wanted_check CHECK ((votes_wanted >= 0))
);

CREATE VIEW labeling_freeslot AS
 SELECT i.project_id,
    i.id AS item_id,
    n.slot,
    i.split,
    i.votes,
    i.votes_wanted,
    labeling_work_of(i.split, n.slot) AS work
   FROM (labeling_item i
     CROSS JOIN LATERAL generate_series(0, (i.votes_wanted - 1)) n(slot))
  WHERE ((((i.state)::text = 'open'::text) OR (((i.state)::text = 'settled'::text) AND ((i.split)::text = 'evaluation'::text) AND (i.votes > 0))) AND (( SELECT count(*) AS count
           FROM labeling_assignment a
          WHERE ((a.item_id = i.id) AND ((a.state)::text = ANY (ARRAY[('leased'::character varying)::text, ('answered'::character varying)::text])) AND ((a.reason)::text <> ALL (ARRAY[('gold'::character varying)::text, ('repeat'::character varying)::text])))) < i.votes_wanted) AND (( SELECT a.id
           FROM labeling_assignment a
          WHERE ((a.item_id = i.id) AND (a.slot = n.slot) AND ((a.state)::text = ANY (ARRAY[('leased'::character varying)::text, ('answered'::character varying)::text])))
         LIMIT 1) IS NULL));

CREATE TABLE labeling_gold (
    id bigint NOT NULL,
    labels character varying(120)[] NOT NULL,
    is_question boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    item_id bigint NOT NULL,
    label_set_id bigint NOT NULL
);

ALTER TABLE labeling_gold ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_gold_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_guideline (
    id bigint NOT NULL,
    version integer NOT NULL,
    text text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by_id bigint,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_guideline_version_check CHECK ((version >= 0))
);

ALTER TABLE labeling_guideline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_guideline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_importrun (
    id bigint NOT NULL,
    file_name character varying(255) NOT NULL,
    mapping jsonb NOT NULL,
    options jsonb NOT NULL,
    received integer NOT NULL,
    created integer NOT NULL,
    duplicates integer NOT NULL,
    rejected integer NOT NULL,
    errors jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    job_id bigint NOT NULL,
    project_id bigint NOT NULL,
    upload_id uuid,
    filled integer DEFAULT 0 NOT NULL,
    remarks jsonb DEFAULT '[]'::jsonb NOT NULL,
    report jsonb DEFAULT '{}'::jsonb NOT NULL,
    source_id bigint,
    CONSTRAINT labeling_importrun_created_check CHECK ((created >= 0)),
    CONSTRAINT labeling_importrun_duplicates_check CHECK ((duplicates >= 0)),
    CONSTRAINT labeling_importrun_filled_check CHECK ((filled >= 0)),
    CONSTRAINT labeling_importrun_received_check CHECK ((received >= 0)),
    CONSTRAINT labeling_importrun_rejected_check CHECK ((rejected >= 0))
);

ALTER TABLE labeling_importrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_importrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_inquiry (
    id bigint NOT NULL,
    question text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    answer text NOT NULL,
    answered_at timestamp with time zone,
    annotator_id bigint NOT NULL,
    asked_by_id bigint NOT NULL,
    disagreement_id bigint NOT NULL,
    CONSTRAINT answered_in_words CHECK ((((answer = ''::text) AND (answered_at IS NULL)) OR ((NOT (answer = ''::text)) AND (answered_at IS NOT NULL))))
);

ALTER TABLE labeling_inquiry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_inquiry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_invitation (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    role character varying(10) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    uses integer,
    used integer NOT NULL,
    revoked_at timestamp with time zone,
    created_by_id bigint NOT NULL,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_invitation_used_check CHECK ((used >= 0)),
    CONSTRAINT labeling_invitation_uses_check CHECK ((uses >= 0)),
    CONSTRAINT no_more_than_uses CHECK (((uses IS NULL) OR (used <= uses)))
);

ALTER TABLE labeling_invitation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_invitation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE labeling_item ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_job (
    id bigint NOT NULL,
    kind character varying(40) NOT NULL,
    params jsonb NOT NULL,
    series character varying(80),
    state character varying(9) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    not_before timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    alive_until timestamp with time zone,
    attempt smallint NOT NULL,
    cancel_requested boolean NOT NULL,
    done bigint NOT NULL,
    total bigint,
    stage character varying(120) NOT NULL,
    log jsonb NOT NULL,
    error jsonb,
    result jsonb NOT NULL,
    requested_by_id bigint,
    project_id bigint,
    stage_done bigint,
    stage_since timestamp with time zone,
    stage_total bigint,
    stood_back integer DEFAULT 0 NOT NULL,
    turn_at timestamp with time zone,
    request_id character varying(64) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT labeling_job_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT labeling_job_stood_back_check CHECK ((stood_back >= 0))
);

ALTER TABLE labeling_job ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_label (
    id bigint NOT NULL,
    "position" smallint NOT NULL,
    name character varying(120) NOT NULL,
    hotkey character varying(1) NOT NULL,
    color character varying(7) NOT NULL,
    description text NOT NULL,
    label_set_id bigint NOT NULL,
    CONSTRAINT labeling_label_position_check CHECK (("position" >= 0))
);

ALTER TABLE labeling_label ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_label_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_labelset (
    id bigint NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mapping jsonb NOT NULL,
    created_by_id bigint,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_labelset_version_check CHECK ((version >= 0))
);

ALTER TABLE labeling_labelset ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_labelset_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_likeness (
    number bigint NOT NULL,
    group_key character varying(200) NOT NULL,
    split character varying(10) NOT NULL,
    signature bytea NOT NULL,
    project_id bigint NOT NULL,
    members integer DEFAULT 1 NOT NULL,
    CONSTRAINT labeling_likeness_members_check CHECK ((members >= 0))
);

CREATE TABLE labeling_likenessband (
    band bigint NOT NULL,
    number bigint NOT NULL,
    project_id bigint NOT NULL
);

CREATE TABLE labeling_media (
    id bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    path character varying(200) NOT NULL,
    mime character varying(40) NOT NULL,
    size integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    CONSTRAINT labeling_media_height_check CHECK ((height >= 0)),
    CONSTRAINT labeling_media_size_check CHECK ((size >= 0)),
    CONSTRAINT labeling_media_width_check CHECK ((width >= 0))
);

ALTER TABLE labeling_media ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_media_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_membership (
    id bigint NOT NULL,
    role character varying(10) NOT NULL,
    quota integer,
    is_paused boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    passed_generation bigint NOT NULL,
    passed_since timestamp with time zone,
    user_id bigint NOT NULL,
    project_id bigint NOT NULL,
    has_skipped boolean NOT NULL,
    passed_first double precision NOT NULL,
    passed_further double precision NOT NULL,
    CONSTRAINT labeling_membership_quota_check CHECK ((quota >= 0))
);

ALTER TABLE labeling_membership ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_membership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_outsideprediction (
    id bigint NOT NULL,
    labels character varying(120)[] NOT NULL,
    confidence double precision,
    probabilities jsonb,
    embedding bytea,
    item_id bigint NOT NULL,
    source_id bigint NOT NULL,
    CONSTRAINT outside_confidence_is_share CHECK (((confidence IS NULL) OR ((confidence >= (0.0)::double precision) AND (confidence <= (1.0)::double precision))))
);

ALTER TABLE labeling_outsideprediction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_outsideprediction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_precedent (
    id bigint NOT NULL,
    note text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    resolution_id bigint NOT NULL
);

ALTER TABLE labeling_precedent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_precedent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_prediction (
    id bigint NOT NULL,
    label character varying(120) NOT NULL,
    confidence double precision NOT NULL,
    model_number integer NOT NULL,
    was_trained_on boolean DEFAULT true NOT NULL,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL,
    labels jsonb,
    CONSTRAINT labeling_prediction_model_number_check CHECK ((model_number >= 0))
);

ALTER TABLE labeling_prediction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_prediction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_predictionsource (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    brought_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    embedding_size smallint,
    project_id bigint NOT NULL,
    CONSTRAINT labeling_predictionsource_embedding_size_check CHECK ((embedding_size >= 0)),
    CONSTRAINT source_has_a_name CHECK ((NOT ((name)::text = ''::text)))
);

ALTER TABLE labeling_predictionsource ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_predictionsource_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_project (
    id bigint NOT NULL,
    slug character varying(60) NOT NULL,
    name character varying(120) NOT NULL,
    data_type character varying(5) NOT NULL,
    task_type character varying(6) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seed integer NOT NULL,
    is_paused boolean NOT NULL,
    overlap smallint NOT NULL,
    min_votes smallint NOT NULL,
    overlap_share double precision NOT NULL,
    confidence double precision NOT NULL,
    free_choice boolean NOT NULL,
    lease_minutes smallint NOT NULL,
    evaluation_share double precision NOT NULL,
    evaluation_rate double precision NOT NULL,
    gold_rate double precision NOT NULL,
    repeat_rate double precision NOT NULL,
    least_skill double precision NOT NULL,
    suggestion_mode character varying(12) NOT NULL,
    queue_generation bigint NOT NULL,
    created_by_id bigint,
    guideline_id bigint,
    label_set_id bigint,
    checks_by character varying(10)[] NOT NULL,
    evaluation_by character varying(10)[] NOT NULL,
    first_votes_by character varying(10)[] NOT NULL,
    further_votes_by character varying(10)[] NOT NULL,
    settled_by character varying(9) NOT NULL,
    model_votes boolean NOT NULL,
    evaluation_votes smallint NOT NULL,
    beside character varying(200)[] NOT NULL,
    columns text[] NOT NULL,
    suggestions_by character varying(100) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT confidence_is_share CHECK (((confidence >= (0.0)::double precision) AND (confidence <= (1.0)::double precision))),
    CONSTRAINT labeling_project_evaluation_votes_check CHECK ((evaluation_votes >= 0)),
    CONSTRAINT labeling_project_lease_minutes_check CHECK ((lease_minutes >= 0)),
    CONSTRAINT labeling_project_min_votes_check CHECK ((min_votes >= 0)),
    CONSTRAINT labeling_project_overlap_check CHECK ((overlap >= 0)),
    CONSTRAINT labeling_project_queue_generation_check CHECK ((queue_generation >= 0)),
    CONSTRAINT labeling_project_seed_check CHECK ((seed >= 0)),
    CONSTRAINT votes_in_order CHECK (((min_votes >= 1) AND (min_votes <= overlap) AND (overlap >= 1))),
    CONSTRAINT work_is_for_known_roles CHECK (((first_votes_by <@ ARRAY['annotator'::character varying(10), 'expert'::character varying(10), 'engineer'::character varying(10), 'manager'::character varying(10)]) AND (
CASE
    WHEN (first_votes_by IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(first_votes_by, 1), 0)
END >= 1) AND (further_votes_by <@ ARRAY['annotator'::character varying(10), 'expert'::character varying(10), 'engineer'::character varying(10), 'manager'::character varying(10)]) AND (
CASE
    WHEN (further_votes_by IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(further_votes_by, 1), 0)
END >= 1) AND (evaluation_by <@ ARRAY['annotator'::character varying(10), 'expert'::character varying(10), 'engineer'::character varying(10), 'manager'::character varying(10)]) AND (
CASE
    WHEN (evaluation_by IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(evaluation_by, 1), 0)
END >= 1) AND (checks_by <@ ARRAY['annotator'::character varying(10), 'expert'::character varying(10), 'engineer'::character varying(10), 'manager'::character varying(10)]) AND (
CASE
    WHEN (checks_by IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(checks_by, 1), 0)
END >= 1)))
);

ALTER TABLE labeling_project ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_project_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_projectcounter (
    id bigint NOT NULL,
    votes bigint DEFAULT 0 NOT NULL,
    skips bigint DEFAULT 0 NOT NULL,
    flags bigint DEFAULT 0 NOT NULL,
    confident bigint DEFAULT 0 NOT NULL,
    project_id bigint NOT NULL,
    annotator_id bigint,
    repeats bigint DEFAULT 0 NOT NULL,
    known bigint DEFAULT 0 NOT NULL,
    known_right bigint DEFAULT 0 NOT NULL,
    corrected bigint DEFAULT 0 NOT NULL
);

ALTER TABLE labeling_projectcounter ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_projectcounter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_queueentry (
    id bigint NOT NULL,
    generation bigint NOT NULL,
    is_first boolean NOT NULL,
    rank double precision NOT NULL,
    slot smallint NOT NULL,
    reason character varying(10) NOT NULL,
    probability double precision,
    model_number integer,
    suggestion jsonb,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL,
    work character varying(10) NOT NULL,
    mixture jsonb,
    CONSTRAINT labeling_queueentry_model_number_check CHECK ((model_number >= 0)),
    CONSTRAINT labeling_queueentry_slot_check CHECK ((slot >= 0))
);

ALTER TABLE labeling_queueentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_queueentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_resolution (
    id bigint NOT NULL,
    labels character varying(120)[] NOT NULL,
    source character varying(9) NOT NULL,
    confidence double precision NOT NULL,
    soft_label jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    superseded_at timestamp with time zone,
    used_at timestamp with time zone,
    decided_by_id bigint,
    guideline_id bigint,
    item_id bigint NOT NULL,
    label_set_id bigint NOT NULL,
    project_id bigint NOT NULL,
    is_ambiguous boolean DEFAULT false NOT NULL,
    is_correction boolean DEFAULT false NOT NULL,
    settled_by character varying(9) DEFAULT ''::character varying NOT NULL,
    skills_id bigint,
    counted_model integer,
    CONSTRAINT labeling_resolution_counted_model_check CHECK ((counted_model >= 0))
);

ALTER TABLE labeling_resolution ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_resolution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_skills (
    id bigint NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    votes bigint NOT NULL,
    body jsonb NOT NULL,
    project_id bigint NOT NULL
);

ALTER TABLE labeling_skills ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_skills_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_source (
    id bigint NOT NULL,
    kind character varying(6) NOT NULL,
    name character varying(80) NOT NULL,
    endpoint character varying(200) NOT NULL,
    region character varying(40) NOT NULL,
    bucket character varying(63) NOT NULL,
    prefix character varying(500) NOT NULL,
    credentials text NOT NULL,
    serving character varying(6) NOT NULL,
    when_changed character varying(6) NOT NULL,
    has_labels boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    listed_at timestamp with time zone,
    counts jsonb NOT NULL,
    created_by_id bigint,
    project_id bigint NOT NULL,
    addressing character varying(4) DEFAULT 'path'::character varying NOT NULL,
    every_hours smallint DEFAULT 0 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    list_after timestamp with time zone,
    CONSTRAINT labeling_source_every_hours_check CHECK ((every_hours >= 0)),
    CONSTRAINT labeling_source_failures_check CHECK ((failures >= 0))
);

ALTER TABLE labeling_source ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_sourceobject (
    id bigint NOT NULL,
    key character varying(1024) NOT NULL,
    etag character varying(200) NOT NULL,
    size bigint NOT NULL,
    state character varying(7) NOT NULL,
    reason jsonb,
    seen_by bigint NOT NULL,
    removed_at timestamp with time zone,
    item_id bigint,
    source_id bigint NOT NULL
);

ALTER TABLE labeling_sourceobject ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_sourceobject_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_unread (
    id bigint NOT NULL,
    reasons jsonb NOT NULL,
    item_id bigint NOT NULL,
    project_id bigint NOT NULL
);

ALTER TABLE labeling_unread ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_unread_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_upload (
    id uuid NOT NULL,
    name character varying(255) NOT NULL,
    path character varying(255) NOT NULL,
    format character varying(8) NOT NULL,
    size bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    user_id bigint,
    reading jsonb NOT NULL
);

CREATE TABLE labeling_user (
    id bigint NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    username character varying(150) NOT NULL,
    first_name character varying(150) NOT NULL,
    last_name character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    is_staff boolean NOT NULL,
    is_active boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL,
    may_create_projects boolean NOT NULL,
    is_simulated boolean NOT NULL,
    language character varying(10) NOT NULL,
    name_key character varying(450) NOT NULL,
    name_twin bigint NOT NULL,
    theme character varying(5) NOT NULL
);

CREATE TABLE labeling_user_groups (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    group_id integer NOT NULL
);

ALTER TABLE labeling_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE labeling_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE labeling_user_user_permissions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE labeling_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME labeling_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY activelearn_duel
    ADD CONSTRAINT activelearn_duel_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_evaluation
    ADD CONSTRAINT activelearn_evaluation_model_id_key UNIQUE (model_id);

ALTER TABLE ONLY activelearn_evaluation
    ADD CONSTRAINT activelearn_evaluation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_featureshard
    ADD CONSTRAINT activelearn_featureshard_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_featurespec
    ADD CONSTRAINT activelearn_featurespec_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_learningforecast
    ADD CONSTRAINT activelearn_learningforecast_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_learningpolicy
    ADD CONSTRAINT activelearn_learningpolicy_pkey PRIMARY KEY (project_id);

ALTER TABLE ONLY activelearn_meterlook
    ADD CONSTRAINT activelearn_meterlook_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelversion_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelversion_run_id_key UNIQUE (run_id);

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotion_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_rankingfit
    ADD CONSTRAINT activelearn_rankingfit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_representationchoice
    ADD CONSTRAINT activelearn_representationchoice_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_retraintrigger
    ADD CONSTRAINT activelearn_retraintrigger_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_retraintrigger
    ADD CONSTRAINT activelearn_retraintrigger_project_id_key UNIQUE (project_id);

ALTER TABLE ONLY activelearn_scoredchunk
    ADD CONSTRAINT activelearn_scoredchunk_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_scoringrun
    ADD CONSTRAINT activelearn_scoringrun_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_snapshot
    ADD CONSTRAINT activelearn_snapshot_pkey PRIMARY KEY (id);

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_trainingrun_job_id_key UNIQUE (job_id);

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_trainingrun_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_inquiry
    ADD CONSTRAINT asked_once UNIQUE (disagreement_id, annotator_id);

ALTER TABLE ONLY auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);

ALTER TABLE ONLY auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);

ALTER TABLE ONLY auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);

ALTER TABLE ONLY auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);

ALTER TABLE ONLY config_doorbell
    ADD CONSTRAINT config_doorbell_pkey PRIMARY KEY (id);

ALTER TABLE ONLY config_identity
    ADD CONSTRAINT config_identity_pkey PRIMARY KEY (id);

ALTER TABLE ONLY django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);

ALTER TABLE ONLY django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);

ALTER TABLE ONLY django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);

ALTER TABLE ONLY labeling_agreementreport
    ADD CONSTRAINT labeling_agreementreport_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_client_id_key UNIQUE (client_id);

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotationevent_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_apitoken
    ADD CONSTRAINT labeling_apitoken_digest_key UNIQUE (digest);

ALTER TABLE ONLY labeling_apitoken
    ADD CONSTRAINT labeling_apitoken_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_assignment
    ADD CONSTRAINT labeling_assignment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_beyondsample
    ADD CONSTRAINT labeling_beyondsample_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_blindlabels
    ADD CONSTRAINT labeling_blindanswer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_browsersession
    ADD CONSTRAINT labeling_browsersession_pkey PRIMARY KEY (session_key);

ALTER TABLE ONLY labeling_deferral
    ADD CONSTRAINT labeling_deferral_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreement_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_door
    ADD CONSTRAINT labeling_door_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY labeling_gold
    ADD CONSTRAINT labeling_gold_item_id_key UNIQUE (item_id);

ALTER TABLE ONLY labeling_gold
    ADD CONSTRAINT labeling_gold_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_guideline
    ADD CONSTRAINT labeling_guideline_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_job_id_key UNIQUE (job_id);

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_inquiry
    ADD CONSTRAINT labeling_inquiry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_invitation
    ADD CONSTRAINT labeling_invitation_digest_key UNIQUE (digest);

ALTER TABLE ONLY labeling_invitation
    ADD CONSTRAINT labeling_invitation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_item
    ADD CONSTRAINT labeling_item_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_job
    ADD CONSTRAINT labeling_job_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_label
    ADD CONSTRAINT labeling_label_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_labelset
    ADD CONSTRAINT labeling_labelset_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_likeness
    ADD CONSTRAINT labeling_likeness_pkey PRIMARY KEY (project_id, number);

ALTER TABLE ONLY labeling_likenessband
    ADD CONSTRAINT labeling_likenessband_pkey PRIMARY KEY (project_id, band, number);

ALTER TABLE ONLY labeling_media
    ADD CONSTRAINT labeling_media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_media
    ADD CONSTRAINT labeling_media_sha256_key UNIQUE (sha256);

ALTER TABLE ONLY labeling_membership
    ADD CONSTRAINT labeling_membership_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_outsideprediction
    ADD CONSTRAINT labeling_outsideprediction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_precedent
    ADD CONSTRAINT labeling_precedent_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_precedent
    ADD CONSTRAINT labeling_precedent_resolution_id_key UNIQUE (resolution_id);

ALTER TABLE ONLY labeling_prediction
    ADD CONSTRAINT labeling_prediction_item_id_key UNIQUE (item_id);

ALTER TABLE ONLY labeling_prediction
    ADD CONSTRAINT labeling_prediction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_predictionsource
    ADD CONSTRAINT labeling_predictionsource_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_project
    ADD CONSTRAINT labeling_project_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_project
    ADD CONSTRAINT labeling_project_slug_key UNIQUE (slug);

ALTER TABLE ONLY labeling_projectcounter
    ADD CONSTRAINT labeling_projectcounter_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_queueentry
    ADD CONSTRAINT labeling_queueentry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_skills
    ADD CONSTRAINT labeling_skills_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_source
    ADD CONSTRAINT labeling_source_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_sourceobject
    ADD CONSTRAINT labeling_sourceobject_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_unread
    ADD CONSTRAINT labeling_unread_item_id_key UNIQUE (item_id);

ALTER TABLE ONLY labeling_unread
    ADD CONSTRAINT labeling_unread_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_upload
    ADD CONSTRAINT labeling_upload_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_user_groups
    ADD CONSTRAINT labeling_user_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_user_groups
    ADD CONSTRAINT labeling_user_groups_user_id_group_id_5c068397_uniq UNIQUE (user_id, group_id);

ALTER TABLE ONLY labeling_user
    ADD CONSTRAINT labeling_user_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_user_user_permissions
    ADD CONSTRAINT labeling_user_user_permi_user_id_permission_id_04a7996d_uniq UNIQUE (user_id, permission_id);

ALTER TABLE ONLY labeling_user_user_permissions
    ADD CONSTRAINT labeling_user_user_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY labeling_user
    ADD CONSTRAINT labeling_user_username_key UNIQUE (username);

ALTER TABLE ONLY labeling_assignment
    ADD CONSTRAINT never_twice_to_one UNIQUE (annotator_id, item_id, is_repeat);

ALTER TABLE ONLY config_identity
    ADD CONSTRAINT one_account_of_a_person UNIQUE (issuer, subject);

ALTER TABLE ONLY labeling_source
    ADD CONSTRAINT one_bucket_of_a_name UNIQUE (project_id, name);

ALTER TABLE ONLY activelearn_representationchoice
    ADD CONSTRAINT one_choice_number UNIQUE (project_id, number);

ALTER TABLE ONLY labeling_item
    ADD CONSTRAINT one_content UNIQUE (project_id, content_hash);

ALTER TABLE ONLY labeling_projectcounter
    ADD CONSTRAINT one_counter_per_person UNIQUE NULLS NOT DISTINCT (project_id, annotator_id);

ALTER TABLE ONLY labeling_deferral
    ADD CONSTRAINT one_deferral UNIQUE (disagreement_id, expert_id);

ALTER TABLE ONLY labeling_item
    ADD CONSTRAINT one_external_id UNIQUE (project_id, external_id);

ALTER TABLE ONLY labeling_guideline
    ADD CONSTRAINT one_guideline_version UNIQUE (project_id, version);

ALTER TABLE ONLY labeling_label
    ADD CONSTRAINT one_label_name UNIQUE (label_set_id, name);

ALTER TABLE ONLY labeling_label
    ADD CONSTRAINT one_label_position UNIQUE (label_set_id, "position");

ALTER TABLE ONLY labeling_labelset
    ADD CONSTRAINT one_label_set_version UNIQUE (project_id, version);

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT one_look UNIQUE (project_id, look);

ALTER TABLE ONLY labeling_membership
    ADD CONSTRAINT one_membership UNIQUE (user_id, project_id);

ALTER TABLE ONLY activelearn_meterlook
    ADD CONSTRAINT one_meter_look UNIQUE (project_id, labels);

ALTER TABLE ONLY labeling_user
    ADD CONSTRAINT one_name_for_readers UNIQUE (name_key, name_twin);

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT one_number UNIQUE (project_id, number);

ALTER TABLE ONLY labeling_sourceobject
    ADD CONSTRAINT one_object_of_a_key UNIQUE (source_id, key);

ALTER TABLE ONLY config_identity
    ADD CONSTRAINT one_person_of_an_account UNIQUE (issuer, user_id);

ALTER TABLE ONLY labeling_outsideprediction
    ADD CONSTRAINT one_prediction_of_a_source UNIQUE (source_id, item_id);

ALTER TABLE ONLY labeling_queueentry
    ADD CONSTRAINT one_queue_entry_per_slot_of_a_generation UNIQUE (item_id, slot, generation);

ALTER TABLE ONLY labeling_agreementreport
    ADD CONSTRAINT one_report_per_votes UNIQUE (project_id, label_set_id, votes_hash);

ALTER TABLE ONLY labeling_beyondsample
    ADD CONSTRAINT one_sample_of_a_label UNIQUE (project_id, label);

ALTER TABLE ONLY activelearn_scoredchunk
    ADD CONSTRAINT one_scored_chunk UNIQUE (model_id, label_set_id, first_item);

ALTER TABLE ONLY labeling_blindlabels
    ADD CONSTRAINT one_set_of_blind_labels UNIQUE (disagreement_id, expert_id);

ALTER TABLE ONLY activelearn_featureshard
    ADD CONSTRAINT one_shard UNIQUE (project_id, spec_hash, first_item);

ALTER TABLE ONLY activelearn_snapshot
    ADD CONSTRAINT one_snapshot UNIQUE (project_id, sha256);

ALTER TABLE ONLY labeling_predictionsource
    ADD CONSTRAINT one_source_of_a_name UNIQUE (project_id, name);

ALTER TABLE ONLY activelearn_featurespec
    ADD CONSTRAINT one_spec_number UNIQUE (project_id, number);

CREATE INDEX activelearn_duel_challenger_id_4f5bed43 ON activelearn_duel USING btree (challenger_id);

CREATE INDEX activelearn_duel_champion_id_6c875479 ON activelearn_duel USING btree (champion_id);

CREATE INDEX activelearn_duel_label_set_id_a92b1c9a ON activelearn_duel USING btree (label_set_id);

CREATE INDEX activelearn_duel_project_id_dc55c08a ON activelearn_duel USING btree (project_id);

CREATE INDEX activelearn_evaluation_champion_id_c402080c ON activelearn_evaluation USING btree (champion_id);

CREATE INDEX activelearn_evaluation_label_set_id_96a0f4ce ON activelearn_evaluation USING btree (label_set_id);

CREATE INDEX activelearn_featureshard_project_id_362fe83b ON activelearn_featureshard USING btree (project_id);

CREATE INDEX activelearn_featurespec_project_id_8166a583 ON activelearn_featurespec USING btree (project_id);

CREATE INDEX activelearn_learningforecast_project_id_27556d4c ON activelearn_learningforecast USING btree (project_id);

CREATE INDEX activelearn_meterlook_project_id_8bb88faf ON activelearn_meterlook USING btree (project_id);

CREATE INDEX activelearn_modelversion_archived_by_id_32290997 ON activelearn_modelversion USING btree (archived_by_id);

CREATE INDEX activelearn_modelversion_label_set_id_070ddd44 ON activelearn_modelversion USING btree (label_set_id);

CREATE INDEX activelearn_modelversion_parent_id_a76e7d81 ON activelearn_modelversion USING btree (parent_id);

CREATE INDEX activelearn_modelversion_project_id_58ca8243 ON activelearn_modelversion USING btree (project_id);

CREATE INDEX activelearn_modelversion_promoted_by_id_d9a5ec1e ON activelearn_modelversion USING btree (promoted_by_id);

CREATE INDEX activelearn_modelversion_snapshot_id_4ed8a6f7 ON activelearn_modelversion USING btree (snapshot_id);

CREATE INDEX activelearn_promotion_before_id_713b8284 ON activelearn_promotion USING btree (before_id);

CREATE INDEX activelearn_promotion_by_id_c536ccfe ON activelearn_promotion USING btree (by_id);

CREATE INDEX activelearn_promotion_model_id_8312a938 ON activelearn_promotion USING btree (model_id);

CREATE INDEX activelearn_promotion_project_id_14a18fcf ON activelearn_promotion USING btree (project_id);

CREATE INDEX activelearn_promotion_run_id_625432a4 ON activelearn_promotion USING btree (run_id);

CREATE INDEX activelearn_rankingfit_project_id_bb1862b8 ON activelearn_rankingfit USING btree (project_id);

CREATE INDEX activelearn_representationchoice_project_id_3302224d ON activelearn_representationchoice USING btree (project_id);

CREATE INDEX activelearn_scoredchunk_label_set_id_1ac6992d ON activelearn_scoredchunk USING btree (label_set_id);

CREATE INDEX activelearn_scoredchunk_model_id_4dd5d552 ON activelearn_scoredchunk USING btree (model_id);

CREATE INDEX activelearn_scoredchunk_project_id_ae60b755 ON activelearn_scoredchunk USING btree (project_id);

CREATE INDEX activelearn_scoringrun_label_set_id_1873eb3d ON activelearn_scoringrun USING btree (label_set_id);

CREATE INDEX activelearn_scoringrun_model_id_9b6e81f0 ON activelearn_scoringrun USING btree (model_id);

CREATE INDEX activelearn_scoringrun_project_id_2971ea3c ON activelearn_scoringrun USING btree (project_id);

CREATE INDEX activelearn_snapshot_label_set_id_cc437c04 ON activelearn_snapshot USING btree (label_set_id);

CREATE INDEX activelearn_snapshot_project_id_cbddfe2e ON activelearn_snapshot USING btree (project_id);

CREATE INDEX activelearn_trainingrun_duel_id_f067340c ON activelearn_trainingrun USING btree (duel_id);

CREATE INDEX activelearn_trainingrun_judges_id_5b8bf967 ON activelearn_trainingrun USING btree (judges_id);

CREATE INDEX activelearn_trainingrun_project_id_27b0d7b4 ON activelearn_trainingrun USING btree (project_id);

CREATE INDEX activelearn_trainingrun_requested_by_id_60b04fda ON activelearn_trainingrun USING btree (requested_by_id);

CREATE INDEX activelearn_trainingrun_same_as_id_912c4c74 ON activelearn_trainingrun USING btree (same_as_id);

CREATE INDEX activelearn_trainingrun_snapshot_id_814c6ff8 ON activelearn_trainingrun USING btree (snapshot_id);

CREATE INDEX annotation_by_project ON labeling_annotation USING btree (project_id, id);

CREATE INDEX annotation_own ON labeling_annotation USING btree (annotator_id, project_id, id DESC);

CREATE INDEX annotation_unsure ON labeling_annotation USING btree (project_id, item_id) WHERE (is_unsure AND (undone_at IS NULL));

CREATE INDEX assignment_by_project ON labeling_assignment USING btree (project_id, id);

CREATE INDEX auth_group_name_a6ea08ec_like ON auth_group USING btree (name varchar_pattern_ops);

CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON auth_group_permissions USING btree (group_id);

CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON auth_group_permissions USING btree (permission_id);

CREATE INDEX auth_permission_content_type_id_2f476e4b ON auth_permission USING btree (content_type_id);

CREATE INDEX config_doorbell_queue ON config_doorbell USING btree (queue, id);

CREATE INDEX config_identity_user_id_9f7ffcae ON config_identity USING btree (user_id);

CREATE INDEX disagreement_open ON labeling_disagreement USING btree (project_id, entropy DESC, id) WHERE (resolved_at IS NULL);

CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON django_admin_log USING btree (content_type_id);

CREATE INDEX django_admin_log_user_id_c564eba6 ON django_admin_log USING btree (user_id);

CREATE INDEX django_session_expire_date_a5c62663 ON django_session USING btree (expire_date);

CREATE INDEX django_session_session_key_c0390e0f_like ON django_session USING btree (session_key varchar_pattern_ops);

CREATE INDEX door_by_moment ON labeling_door USING btree (last_at);

CREATE INDEX event_by_item ON labeling_annotationevent USING btree (item_id, id);

CREATE INDEX event_by_kind ON labeling_annotationevent USING btree (project_id, kind, id DESC);

CREATE INDEX gold_asked ON labeling_assignment USING btree (annotator_id, project_id) WHERE ((reason)::text = 'gold'::text);

CREATE INDEX held ON labeling_assignment USING btree (annotator_id, project_id, id) WHERE ((state)::text = 'leased'::text);

CREATE INDEX item_by_state ON labeling_item USING btree (project_id, split, state, id);

CREATE INDEX item_flagged ON labeling_item USING btree (project_id, id) WHERE (flags > 0);

CREATE INDEX item_tags ON labeling_item USING gin (tags);

CREATE INDEX item_unsettled ON labeling_item USING btree (project_id) WHERE is_unsettled;

CREATE INDEX item_wanting_votes ON labeling_item USING btree (project_id, id) WHERE ((((state)::text = 'open'::text) OR (((split)::text = 'evaluation'::text) AND ((state)::text = 'settled'::text) AND (votes > 0))) AND (votes < votes_wanted));

CREATE INDEX item_with_media ON labeling_item USING btree (media_id) WHERE (media_id IS NOT NULL);

CREATE INDEX job_by_project ON labeling_job USING btree (project_id, id DESC);

CREATE INDEX job_open ON labeling_job USING btree (id) WHERE ((state)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]));

CREATE INDEX labeling_agreementreport_label_set_id_4d168155 ON labeling_agreementreport USING btree (label_set_id);

CREATE INDEX labeling_agreementreport_project_id_bd77d260 ON labeling_agreementreport USING btree (project_id);

CREATE INDEX labeling_annotation_assignment_id_172ef16b ON labeling_annotation USING btree (assignment_id);

CREATE INDEX labeling_annotation_item_id_b8a53f88 ON labeling_annotation USING btree (item_id);

CREATE INDEX labeling_annotationevent_annotation_id_6872d1c3 ON labeling_annotationevent USING btree (annotation_id);

CREATE INDEX labeling_annotationevent_assignment_id_b281247d ON labeling_annotationevent USING btree (assignment_id);

CREATE INDEX labeling_apitoken_digest_af96f258_like ON labeling_apitoken USING btree (digest varchar_pattern_ops);

CREATE INDEX labeling_apitoken_user_id_246716f9 ON labeling_apitoken USING btree (user_id);

CREATE INDEX labeling_assignment_item_id_1719d8a2 ON labeling_assignment USING btree (item_id);

CREATE INDEX labeling_beyondsample_label_set_id_5d9ee5df ON labeling_beyondsample USING btree (label_set_id);

CREATE INDEX labeling_blindanswer_disagreement_id_bc4e8fdc ON labeling_blindlabels USING btree (disagreement_id);

CREATE INDEX labeling_blindanswer_expert_id_94ba7a2d ON labeling_blindlabels USING btree (expert_id);

CREATE INDEX labeling_browsersession_account_id_dfcca024 ON labeling_browsersession USING btree (account_id);

CREATE INDEX labeling_browsersession_expire_date_00dc81ac ON labeling_browsersession USING btree (expire_date);

CREATE INDEX labeling_browsersession_session_key_8e178c09_like ON labeling_browsersession USING btree (session_key varchar_pattern_ops);

CREATE INDEX labeling_deferral_disagreement_id_5955fcba ON labeling_deferral USING btree (disagreement_id);

CREATE INDEX labeling_deferral_expert_id_1f192a4d ON labeling_deferral USING btree (expert_id);

CREATE INDEX labeling_disagreement_before_id_5248dc17 ON labeling_disagreement USING btree (before_id);

CREATE INDEX labeling_disagreement_item_id_42faef70 ON labeling_disagreement USING btree (item_id);

CREATE INDEX labeling_disagreement_project_id_d6d231a7 ON labeling_disagreement USING btree (project_id);

CREATE INDEX labeling_disagreement_resolution_id_1bc20885 ON labeling_disagreement USING btree (resolution_id);

CREATE INDEX labeling_disagreement_resolved_by_id_420d9c8d ON labeling_disagreement USING btree (resolved_by_id);

CREATE INDEX labeling_door_digest_e496974a_like ON labeling_door USING btree (digest varchar_pattern_ops);

CREATE INDEX labeling_gold_label_set_id_adfcd799 ON labeling_gold USING btree (label_set_id);

CREATE INDEX labeling_guideline_created_by_id_1f041b76 ON labeling_guideline USING btree (created_by_id);

CREATE INDEX labeling_guideline_project_id_f55670f5 ON labeling_guideline USING btree (project_id);

CREATE INDEX labeling_importrun_project_id_7595d386 ON labeling_importrun USING btree (project_id);

CREATE INDEX labeling_importrun_source_id_75720a54 ON labeling_importrun USING btree (source_id);

CREATE INDEX labeling_importrun_upload_id_31da2808 ON labeling_importrun USING btree (upload_id);

CREATE INDEX labeling_inquiry_annotator_id_ecc6b1d5 ON labeling_inquiry USING btree (annotator_id);

CREATE INDEX labeling_invitation_created_by_id_74cb92c6 ON labeling_invitation USING btree (created_by_id);

CREATE INDEX labeling_invitation_digest_2c4736a8_like ON labeling_invitation USING btree (digest varchar_pattern_ops);

CREATE INDEX labeling_invitation_project_id_7f99d66b ON labeling_invitation USING btree (project_id);

CREATE INDEX labeling_job_project_id_10916bbf ON labeling_job USING btree (project_id);

CREATE INDEX labeling_job_requested_by_id_e8de8d43 ON labeling_job USING btree (requested_by_id);

CREATE INDEX labeling_label_label_set_id_3bf4bd32 ON labeling_label USING btree (label_set_id);

CREATE INDEX labeling_labelset_created_by_id_81117872 ON labeling_labelset USING btree (created_by_id);

CREATE INDEX labeling_labelset_project_id_e031ed49 ON labeling_labelset USING btree (project_id);

CREATE INDEX labeling_media_sha256_bc228ae3_like ON labeling_media USING btree (sha256 varchar_pattern_ops);

CREATE INDEX labeling_membership_project_id_6f01b3fc ON labeling_membership USING btree (project_id);

CREATE INDEX labeling_membership_user_id_b7eb14fe ON labeling_membership USING btree (user_id);

CREATE INDEX labeling_outsideprediction_item_id_2853ba17 ON labeling_outsideprediction USING btree (item_id);

CREATE INDEX labeling_precedent_project_id_885f3753 ON labeling_precedent USING btree (project_id);

CREATE INDEX labeling_prediction_project_id_0065a942 ON labeling_prediction USING btree (project_id);

CREATE INDEX labeling_project_created_by_id_68078257 ON labeling_project USING btree (created_by_id);

CREATE INDEX labeling_project_guideline_id_c631089c ON labeling_project USING btree (guideline_id);

CREATE INDEX labeling_project_label_set_id_265a2202 ON labeling_project USING btree (label_set_id);

CREATE INDEX labeling_project_slug_c5be760a_like ON labeling_project USING btree (slug varchar_pattern_ops);

CREATE INDEX labeling_resolution_decided_by_id_586b31db ON labeling_resolution USING btree (decided_by_id);

CREATE INDEX labeling_resolution_guideline_id_db1fa985 ON labeling_resolution USING btree (guideline_id);

CREATE INDEX labeling_resolution_item_id_e21acfc3 ON labeling_resolution USING btree (item_id);

CREATE INDEX labeling_resolution_label_set_id_fbead9ab ON labeling_resolution USING btree (label_set_id);

CREATE INDEX labeling_resolution_project_id_5d6235f2 ON labeling_resolution USING btree (project_id);

CREATE INDEX labeling_skills_project_id_aca9dad1 ON labeling_skills USING btree (project_id);

CREATE INDEX labeling_source_created_by_id_dc3e9c1a ON labeling_source USING btree (created_by_id);

CREATE INDEX labeling_source_project_id_a1eb7f09 ON labeling_source USING btree (project_id);

CREATE INDEX labeling_sourceobject_item_id_84c76cfa ON labeling_sourceobject USING btree (item_id);

CREATE INDEX labeling_upload_project_id_54d806e7 ON labeling_upload USING btree (project_id);

CREATE INDEX labeling_upload_user_id_be5d9045 ON labeling_upload USING btree (user_id);

CREATE INDEX labeling_user_groups_group_id_687e2ef2 ON labeling_user_groups USING btree (group_id);

CREATE INDEX labeling_user_groups_user_id_ef360b4d ON labeling_user_groups USING btree (user_id);

CREATE INDEX labeling_user_user_permissions_permission_id_deec82ad ON labeling_user_user_permissions USING btree (permission_id);

CREATE INDEX labeling_user_user_permissions_user_id_f56bc263 ON labeling_user_user_permissions USING btree (user_id);

CREATE INDEX labeling_user_username_2859a708_like ON labeling_user USING btree (username varchar_pattern_ops);

CREATE INDEX lease_expiry ON labeling_assignment USING btree (expires_at) WHERE ((state)::text = 'leased'::text);

CREATE INDEX object_to_look_at ON labeling_sourceobject USING btree (source_id, id) WHERE ((removed_at IS NOT NULL) OR (NOT ((state)::text = 'taken'::text)));

CREATE UNIQUE INDEX one_champion ON activelearn_modelversion USING btree (project_id) WHERE ((stage)::text = 'champion'::text);

CREATE UNIQUE INDEX one_duel_at_a_time ON activelearn_duel USING btree (project_id) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX one_duel_of_two ON activelearn_duel USING btree (challenger_id, champion_id) WHERE (NOT ((verdict)::text = 'no result'::text));

CREATE UNIQUE INDEX one_experiment ON activelearn_trainingrun USING btree (project_id, fingerprint) WHERE ((NOT ((fingerprint)::text = ''::text)) AND (NOT ((verdict)::text = ''::text)));

CREATE UNIQUE INDEX one_label_hotkey ON labeling_label USING btree (label_set_id, hotkey) WHERE (NOT ((hotkey)::text = ''::text));

CREATE UNIQUE INDEX one_live_slot ON labeling_assignment USING btree (item_id, slot) WHERE ((state)::text = ANY (ARRAY[('leased'::character varying)::text, ('answered'::character varying)::text]));

CREATE UNIQUE INDEX one_open_disagreement ON labeling_disagreement USING btree (item_id) WHERE (resolved_at IS NULL);

CREATE UNIQUE INDEX one_resolution ON labeling_resolution USING btree (item_id) WHERE (superseded_at IS NULL);

CREATE UNIQUE INDEX one_running_in_series ON labeling_job USING btree (series) WHERE ((state)::text = 'running'::text);

CREATE UNIQUE INDEX one_standing_vote ON labeling_annotation USING btree (item_id, annotator_id) WHERE ((undone_at IS NULL) AND (NOT ((reason)::text = 'repeat'::text)));

CREATE UNIQUE INDEX one_waiting_in_series ON labeling_job USING btree (series) WHERE ((state)::text = 'queued'::text);

CREATE INDEX precedent_by_project ON labeling_precedent USING btree (project_id, id DESC);

CREATE INDEX prediction_by_label ON labeling_prediction USING btree (project_id, label, confidence);

CREATE INDEX prediction_by_labels ON labeling_prediction USING gin (labels) WHERE (labels IS NOT NULL);

CREATE INDEX queue_head ON labeling_queueentry USING btree (project_id, is_first, rank, id);

CREATE INDEX queue_head_of_work ON labeling_queueentry USING btree (project_id, is_first, work, rank, id) WHERE (NOT ((work)::text = ''::text));

CREATE INDEX resolution_current ON labeling_resolution USING btree (project_id, item_id) WHERE (superseded_at IS NULL);

CREATE INDEX source_to_list ON labeling_source USING btree (list_after) WHERE (list_after IS NOT NULL);

CREATE INDEX unread_of ON labeling_unread USING btree (project_id, item_id);

ALTER TABLE ONLY activelearn_duel
    ADD CONSTRAINT activelearn_duel_challenger_id_4f5bed43_fk_activelea FOREIGN KEY (challenger_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_duel
    ADD CONSTRAINT activelearn_duel_champion_id_6c875479_fk_activelea FOREIGN KEY (champion_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_duel
    ADD CONSTRAINT activelearn_duel_label_set_id_a92b1c9a_fk_labeling_labelset_id FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_duel
    ADD CONSTRAINT activelearn_duel_project_id_dc55c08a_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_evaluation
    ADD CONSTRAINT activelearn_evaluati_champion_id_c402080c_fk_activelea FOREIGN KEY (champion_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_evaluation
    ADD CONSTRAINT activelearn_evaluati_label_set_id_96a0f4ce_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_evaluation
    ADD CONSTRAINT activelearn_evaluati_model_id_b67526bb_fk_activelea FOREIGN KEY (model_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_featureshard
    ADD CONSTRAINT activelearn_features_project_id_362fe83b_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_featurespec
    ADD CONSTRAINT activelearn_features_project_id_8166a583_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_learningforecast
    ADD CONSTRAINT activelearn_learning_project_id_27556d4c_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_learningpolicy
    ADD CONSTRAINT activelearn_learning_project_id_7e03a197_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_meterlook
    ADD CONSTRAINT activelearn_meterloo_project_id_8bb88faf_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_archived_by_id_32290997_fk_labeling_ FOREIGN KEY (archived_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_label_set_id_070ddd44_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_parent_id_a76e7d81_fk_activelea FOREIGN KEY (parent_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_project_id_58ca8243_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_promoted_by_id_d9a5ec1e_fk_labeling_ FOREIGN KEY (promoted_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_run_id_0fb1db92_fk_activelea FOREIGN KEY (run_id) REFERENCES activelearn_trainingrun(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_modelversion
    ADD CONSTRAINT activelearn_modelver_snapshot_id_4ed8a6f7_fk_activelea FOREIGN KEY (snapshot_id) REFERENCES activelearn_snapshot(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotio_before_id_713b8284_fk_activelea FOREIGN KEY (before_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotio_model_id_8312a938_fk_activelea FOREIGN KEY (model_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotio_project_id_14a18fcf_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotio_run_id_625432a4_fk_activelea FOREIGN KEY (run_id) REFERENCES activelearn_trainingrun(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_promotion
    ADD CONSTRAINT activelearn_promotion_by_id_c536ccfe_fk_labeling_user_id FOREIGN KEY (by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_rankingfit
    ADD CONSTRAINT activelearn_rankingf_project_id_bb1862b8_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_representationchoice
    ADD CONSTRAINT activelearn_represen_project_id_3302224d_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_retraintrigger
    ADD CONSTRAINT activelearn_retraint_project_id_37cd38af_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoredchunk
    ADD CONSTRAINT activelearn_scoredch_label_set_id_1ac6992d_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoredchunk
    ADD CONSTRAINT activelearn_scoredch_model_id_4dd5d552_fk_activelea FOREIGN KEY (model_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoredchunk
    ADD CONSTRAINT activelearn_scoredch_project_id_ae60b755_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoringrun
    ADD CONSTRAINT activelearn_scoringr_label_set_id_1873eb3d_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoringrun
    ADD CONSTRAINT activelearn_scoringr_model_id_9b6e81f0_fk_activelea FOREIGN KEY (model_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_scoringrun
    ADD CONSTRAINT activelearn_scoringr_project_id_2971ea3c_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_snapshot
    ADD CONSTRAINT activelearn_snapshot_label_set_id_cc437c04_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_snapshot
    ADD CONSTRAINT activelearn_snapshot_project_id_cbddfe2e_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_training_judges_id_5b8bf967_fk_activelea FOREIGN KEY (judges_id) REFERENCES activelearn_modelversion(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_training_project_id_27b0d7b4_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_training_requested_by_id_60b04fda_fk_labeling_ FOREIGN KEY (requested_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_training_same_as_id_912c4c74_fk_activelea FOREIGN KEY (same_as_id) REFERENCES activelearn_trainingrun(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_training_snapshot_id_814c6ff8_fk_activelea FOREIGN KEY (snapshot_id) REFERENCES activelearn_snapshot(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_trainingrun_duel_id_f067340c_fk_activelearn_duel_id FOREIGN KEY (duel_id) REFERENCES activelearn_duel(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY activelearn_trainingrun
    ADD CONSTRAINT activelearn_trainingrun_job_id_d048315b_fk_labeling_job_id FOREIGN KEY (job_id) REFERENCES labeling_job(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY config_identity
    ADD CONSTRAINT config_identity_user_id_9f7ffcae_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_agreementreport
    ADD CONSTRAINT labeling_agreementre_label_set_id_4d168155_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_agreementreport
    ADD CONSTRAINT labeling_agreementre_project_id_bd77d260_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_annotator_id_27105154_fk_labeling_user_id FOREIGN KEY (annotator_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_assignment_id_172ef16b_fk_labeling_ FOREIGN KEY (assignment_id) REFERENCES labeling_assignment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_guideline_id_c9ae7e54_fk_labeling_ FOREIGN KEY (guideline_id) REFERENCES labeling_guideline(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_item_id_b8a53f88_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_label_set_id_f16e4479_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotation
    ADD CONSTRAINT labeling_annotation_project_id_a017b813_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotatione_annotation_id_6872d1c3_fk_labeling_ FOREIGN KEY (annotation_id) REFERENCES labeling_annotation(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotatione_assignment_id_b281247d_fk_labeling_ FOREIGN KEY (assignment_id) REFERENCES labeling_assignment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotatione_project_id_bc98fb88_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotationevent_actor_id_41a74588_fk_labeling_user_id FOREIGN KEY (actor_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_annotationevent
    ADD CONSTRAINT labeling_annotationevent_item_id_494a6db5_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_apitoken
    ADD CONSTRAINT labeling_apitoken_user_id_246716f9_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_assignment
    ADD CONSTRAINT labeling_assignment_annotator_id_1d54380b_fk_labeling_user_id FOREIGN KEY (annotator_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_assignment
    ADD CONSTRAINT labeling_assignment_item_id_1719d8a2_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_assignment
    ADD CONSTRAINT labeling_assignment_project_id_184e5909_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_beyondsample
    ADD CONSTRAINT labeling_beyondsampl_label_set_id_5d9ee5df_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_beyondsample
    ADD CONSTRAINT labeling_beyondsampl_project_id_bd9f6045_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_blindlabels
    ADD CONSTRAINT labeling_blindanswer_disagreement_id_bc4e8fdc_fk_labeling_ FOREIGN KEY (disagreement_id) REFERENCES labeling_disagreement(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_blindlabels
    ADD CONSTRAINT labeling_blindanswer_expert_id_94ba7a2d_fk_labeling_user_id FOREIGN KEY (expert_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_browsersession
    ADD CONSTRAINT labeling_browsersession_account_id_dfcca024_fk_labeling_user_id FOREIGN KEY (account_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_deferral
    ADD CONSTRAINT labeling_deferral_disagreement_id_5955fcba_fk_labeling_ FOREIGN KEY (disagreement_id) REFERENCES labeling_disagreement(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_deferral
    ADD CONSTRAINT labeling_deferral_expert_id_1f192a4d_fk_labeling_user_id FOREIGN KEY (expert_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreemen_before_id_5248dc17_fk_labeling_ FOREIGN KEY (before_id) REFERENCES labeling_resolution(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreemen_project_id_d6d231a7_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreemen_resolution_id_1bc20885_fk_labeling_ FOREIGN KEY (resolution_id) REFERENCES labeling_resolution(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreemen_resolved_by_id_420d9c8d_fk_labeling_ FOREIGN KEY (resolved_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_disagreement
    ADD CONSTRAINT labeling_disagreement_item_id_42faef70_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_gold
    ADD CONSTRAINT labeling_gold_item_id_bdbca99b_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_gold
    ADD CONSTRAINT labeling_gold_label_set_id_adfcd799_fk_labeling_labelset_id FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_guideline
    ADD CONSTRAINT labeling_guideline_created_by_id_1f041b76_fk_labeling_user_id FOREIGN KEY (created_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_guideline
    ADD CONSTRAINT labeling_guideline_project_id_f55670f5_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_job_id_f9e721d2_fk_labeling_job_id FOREIGN KEY (job_id) REFERENCES labeling_job(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_project_id_7595d386_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_source_id_75720a54_fk_labeling_source_id FOREIGN KEY (source_id) REFERENCES labeling_source(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_importrun
    ADD CONSTRAINT labeling_importrun_upload_id_31da2808_fk_labeling_upload_id FOREIGN KEY (upload_id) REFERENCES labeling_upload(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_inquiry
    ADD CONSTRAINT labeling_inquiry_annotator_id_ecc6b1d5_fk_labeling_user_id FOREIGN KEY (annotator_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_inquiry
    ADD CONSTRAINT labeling_inquiry_asked_by_id_a5622851_fk_labeling_user_id FOREIGN KEY (asked_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_inquiry
    ADD CONSTRAINT labeling_inquiry_disagreement_id_004446d4_fk_labeling_ FOREIGN KEY (disagreement_id) REFERENCES labeling_disagreement(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_invitation
    ADD CONSTRAINT labeling_invitation_created_by_id_74cb92c6_fk_labeling_user_id FOREIGN KEY (created_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_invitation
    ADD CONSTRAINT labeling_invitation_project_id_7f99d66b_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_item
    ADD CONSTRAINT labeling_item_media_id_de5c78a6_fk_labeling_media_id FOREIGN KEY (media_id) REFERENCES labeling_media(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_item
    ADD CONSTRAINT labeling_item_project_id_79d60f44_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_job
    ADD CONSTRAINT labeling_job_project_id_10916bbf_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_job
    ADD CONSTRAINT labeling_job_requested_by_id_e8de8d43_fk_labeling_user_id FOREIGN KEY (requested_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_label
    ADD CONSTRAINT labeling_label_label_set_id_3bf4bd32_fk_labeling_labelset_id FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_labelset
    ADD CONSTRAINT labeling_labelset_created_by_id_81117872_fk_labeling_user_id FOREIGN KEY (created_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_labelset
    ADD CONSTRAINT labeling_labelset_project_id_e031ed49_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_likeness
    ADD CONSTRAINT labeling_likeness_project_id_6c1b8152_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_membership
    ADD CONSTRAINT labeling_membership_project_id_6f01b3fc_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_membership
    ADD CONSTRAINT labeling_membership_user_id_b7eb14fe_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_outsideprediction
    ADD CONSTRAINT labeling_outsidepred_source_id_51d2f851_fk_labeling_ FOREIGN KEY (source_id) REFERENCES labeling_predictionsource(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_outsideprediction
    ADD CONSTRAINT labeling_outsideprediction_item_id_2853ba17_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_precedent
    ADD CONSTRAINT labeling_precedent_project_id_885f3753_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_precedent
    ADD CONSTRAINT labeling_precedent_resolution_id_e9544a92_fk_labeling_ FOREIGN KEY (resolution_id) REFERENCES labeling_resolution(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_prediction
    ADD CONSTRAINT labeling_prediction_item_id_b2b0be9a_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_prediction
    ADD CONSTRAINT labeling_prediction_project_id_0065a942_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_predictionsource
    ADD CONSTRAINT labeling_predictions_project_id_4013fc29_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_project
    ADD CONSTRAINT labeling_project_created_by_id_68078257_fk_labeling_user_id FOREIGN KEY (created_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_project
    ADD CONSTRAINT labeling_project_guideline_id_c631089c_fk_labeling_guideline_id FOREIGN KEY (guideline_id) REFERENCES labeling_guideline(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_project
    ADD CONSTRAINT labeling_project_label_set_id_265a2202_fk_labeling_labelset_id FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_projectcounter
    ADD CONSTRAINT labeling_projectcoun_annotator_id_39e33a71_fk_labeling_ FOREIGN KEY (annotator_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_projectcounter
    ADD CONSTRAINT labeling_projectcoun_project_id_1cdb5dd1_fk_labeling_ FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_queueentry
    ADD CONSTRAINT labeling_queueentry_item_id_785596b5_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_queueentry
    ADD CONSTRAINT labeling_queueentry_project_id_d8d38d7c_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_decided_by_id_586b31db_fk_labeling_user_id FOREIGN KEY (decided_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_guideline_id_db1fa985_fk_labeling_ FOREIGN KEY (guideline_id) REFERENCES labeling_guideline(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_item_id_e21acfc3_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_label_set_id_fbead9ab_fk_labeling_ FOREIGN KEY (label_set_id) REFERENCES labeling_labelset(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_resolution
    ADD CONSTRAINT labeling_resolution_project_id_5d6235f2_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_skills
    ADD CONSTRAINT labeling_skills_project_id_aca9dad1_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_source
    ADD CONSTRAINT labeling_source_created_by_id_dc3e9c1a_fk_labeling_user_id FOREIGN KEY (created_by_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_source
    ADD CONSTRAINT labeling_source_project_id_a1eb7f09_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_sourceobject
    ADD CONSTRAINT labeling_sourceobject_item_id_84c76cfa_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_sourceobject
    ADD CONSTRAINT labeling_sourceobject_source_id_3d3be6d2_fk_labeling_source_id FOREIGN KEY (source_id) REFERENCES labeling_source(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_unread
    ADD CONSTRAINT labeling_unread_item_id_a7823e21_fk_labeling_item_id FOREIGN KEY (item_id) REFERENCES labeling_item(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_unread
    ADD CONSTRAINT labeling_unread_project_id_13898d96_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_upload
    ADD CONSTRAINT labeling_upload_project_id_54d806e7_fk_labeling_project_id FOREIGN KEY (project_id) REFERENCES labeling_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_upload
    ADD CONSTRAINT labeling_upload_user_id_be5d9045_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_user_groups
    ADD CONSTRAINT labeling_user_groups_group_id_687e2ef2_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_user_groups
    ADD CONSTRAINT labeling_user_groups_user_id_ef360b4d_fk_labeling_user_id FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_user_user_permissions
    ADD CONSTRAINT labeling_user_user_p_permission_id_deec82ad_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY labeling_user_user_permissions
    ADD CONSTRAINT labeling_user_user_p_user_id_f56bc263_fk_labeling_ FOREIGN KEY (user_id) REFERENCES labeling_user(id) DEFERRABLE INITIALLY DEFERRED;

INSERT INTO django_migrations (app, name, applied) VALUES
    ('sessions', '0001_initial', now()),
    ('contenttypes', '0001_initial', now()),
    ('contenttypes', '0002_remove_content_type_name', now()),
    ('auth', '0001_initial', now()),
    ('auth', '0002_alter_permission_name_max_length', now()),
    ('auth', '0003_alter_user_email_max_length', now()),
    ('auth', '0004_alter_user_username_opts', now()),
    ('auth', '0005_alter_user_last_login_null', now()),
    ('auth', '0006_require_contenttypes_0002', now()),
    ('auth', '0007_alter_validators_add_error_messages', now()),
    ('auth', '0008_alter_user_username_max_length', now()),
    ('auth', '0009_alter_user_last_name_max_length', now()),
    ('auth', '0010_alter_group_name_max_length', now()),
    ('auth', '0011_update_proxy_permissions', now()),
    ('auth', '0012_alter_user_first_name_max_length', now()),
    ('labeling', '0001_squashed_0013', now()),
    ('labeling', '0014_goes_with_its_project', now()),
    ('labeling', '0015_counts_of_each_person', now()),
    ('labeling', '0016_right_answers', now()),
    ('labeling', '0017_passed_in_both_lanes', now()),
    ('labeling', '0018_roles_and_their_work', now()),
    ('labeling', '0019_job_series', now()),
    ('activelearn', '0001_start', now()),
    ('activelearn', '0002_rolled_back', now()),
    ('activelearn', '0003_goes_with_its_project', now()),
    ('activelearn', '0004_label_count', now()),
    ('activelearn', '0005_learning_policy', now()),
    ('labeling', '0020_learner_has_its_settings', now()),
    ('labeling', '0021_annotation_managers', now()),
    ('labeling', '0022_messages', now()),
    ('labeling', '0023_queue_conditions', now()),
    ('labeling', '0024_likeness', now()),
    ('labeling', '0025_honest_reasons', now()),
    ('labeling', '0026_corrections', now()),
    ('labeling', '0027_several_labels', now()),
    ('labeling', '0028_likeness_members', now()),
    ('labeling', '0029_mixture', now()),
    ('labeling', '0030_skills', now()),
    ('labeling', '0031_model_votes', now()),
    ('labeling', '0032_renamed_set', now()),
    ('labeling', '0033_unread', now()),
    ('labeling', '0034_task_type_words', now()),
    ('labeling', '0035_job_steps', now()),
    ('labeling', '0036_duel', now()),
    ('labeling', '0037_evaluation_votes', now()),
    ('labeling', '0038_vote_counts', now()),
    ('labeling', '0039_crossfit', now()),
    ('labeling', '0040_reading', now()),
    ('labeling', '0041_accounts', now()),
    ('labeling', '0042_beside', now()),
    ('labeling', '0043_meeting', now()),
    ('labeling', '0045_job_request', now()),
    ('labeling', '0046_columns', now()),
    ('labeling', '0047_outside', now()),
    ('labeling', '0048_sources', now()),
    ('labeling', '0049_blind_labels', now()),
    ('labeling', '0050_model_votes_by_its_log_odds', now()),
    ('labeling', '0051_source_schedule', now()),
    ('labeling', '0052_held_out_beyond', now()),
    ('activelearn', '0006_messages', now()),
    ('activelearn', '0007_judgment', now()),
    ('activelearn', '0008_promotion', now()),
    ('activelearn', '0009_waiting', now()),
    ('activelearn', '0010_words_of_scores', now()),
    ('activelearn', '0011_experiment', now()),
    ('activelearn', '0012_report', now()),
    ('activelearn', '0013_aim', now()),
    ('activelearn', '0014_calibration', now()),
    ('activelearn', '0015_feature_spec', now()),
    ('activelearn', '0016_left_out', now()),
    ('activelearn', '0017_weights', now()),
    ('activelearn', '0018_gate_setting', now()),
    ('activelearn', '0019_gate', now()),
    ('activelearn', '0020_unread', now()),
    ('activelearn', '0021_duel_setting', now()),
    ('activelearn', '0022_duel', now()),
    ('activelearn', '0023_reasons', now()),
    ('activelearn', '0024_sureness', now()),
    ('activelearn', '0025_snapshot_items', now()),
    ('activelearn', '0026_crossfit', now()),
    ('activelearn', '0027_scored_chunk', now()),
    ('activelearn', '0028_evaluation_words', now()),
    ('activelearn', '0029_left_out_items', now()),
    ('activelearn', '0030_damaged', now()),
    ('activelearn', '0031_external', now()),
    ('activelearn', '0032_pairs', now()),
    ('activelearn', '0033_representation', now()),
    ('activelearn', '0034_known_words', now()),
    ('activelearn', '0035_strategies', now()),
    ('activelearn', '0036_fall_back', now()),
    ('activelearn', '0037_meter_look', now()),
    ('activelearn', '0038_hourly_rate', now()),
    ('activelearn', '0039_forecast', now()),
    ('activelearn', '0044_likely_labels', now()),
    ('activelearn', '0045_strength', now()),
    ('admin', '0001_initial', now()),
    ('admin', '0002_logentry_remove_auto_add', now()),
    ('admin', '0003_logentry_add_action_flag_choices', now()),
    ('config', '0001_doorbells', now()),
    ('config', '0002_identity', now()),
    ('labeling', '0053_similar', now());
