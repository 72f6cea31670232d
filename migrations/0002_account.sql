-- SPDX-License-Identifier: MIT
--
-- People, their preferences, and conversations as nodes and refs.
--
-- messages are append-only nodes: parent, place among the siblings and depth never change (grove_account
-- has no right to update them), and foreign keys make a parent real, of the same person and conversation,
-- and exactly one level above, so there is no orphan and no cycle. branches are named refs to a leaf. All
-- that people write is in columns named *_sealed; readable are ids, times, counts, model names, settings.

-- ---------------------------------------------------------------------------------------------- people

CREATE TABLE account.users (
	id           uuid PRIMARY KEY,
	kind         text NOT NULL CONSTRAINT users_kind CHECK (kind IN ('local', 'access', 'password')),
	email        text CONSTRAINT users_email
	             CHECK (email = lower(email) AND octet_length(email) BETWEEN 3 AND 254),
	display_name text CONSTRAINT users_display_name CHECK (octet_length(display_name) <= 400),
	role         text NOT NULL CONSTRAINT users_role CHECK (role IN ('user', 'admin', 'owner')),
	tier         text NOT NULL CONSTRAINT users_tier CHECK (tier IN ('free', 'plus', 'pro', 'enterprise')),
	disabled_at  timestamptz(3),
	created_at   timestamptz(3) NOT NULL DEFAULT now(),
	CONSTRAINT users_email_or_local CHECK (kind = 'local' OR email IS NOT NULL)
);
CREATE UNIQUE INDEX users_by_email ON account.users (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX users_one_local ON account.users (kind) WHERE kind = 'local';

-- Finding out who somebody is comes before there is an app.user_id. So this table has a rule of its own: a
-- unit of work sees the person it runs as, and the one person it names beforehand in app.person ('local',
-- 'email:…' or 'id:…', set for its transaction only by sql/set_person.sql). Nothing can list the table:
-- without either setting it is empty, for its owner too.
ALTER TABLE account.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE account.users FORCE ROW LEVEL SECURITY;
CREATE POLICY one_person ON account.users FOR ALL
	USING (id = NULLIF(current_setting('app.user_id', true), '')::uuid
		OR NULLIF(current_setting('app.person', true), '') IN
			('id:' || id::text, 'email:' || email, CASE kind WHEN 'local' THEN 'local' END))
	WITH CHECK (NULLIF(current_setting('app.person', true), '') IN
			('email:' || email, CASE kind WHEN 'local' THEN 'local' END));
GRANT INSERT ON account.users TO grove_account;

CREATE TABLE account.preferences (
	user_id    uuid PRIMARY KEY REFERENCES account.users (id) ON DELETE CASCADE,
	body       jsonb NOT NULL CONSTRAINT preferences_body
	           CHECK (jsonb_typeof(body) = 'object' AND octet_length(body::text) <= 16384),
	updated_at timestamptz(3) NOT NULL DEFAULT now()
);
DO $$ BEGIN PERFORM grove_meta.make_tenant_table('account.preferences'); END $$;
GRANT INSERT, UPDATE (body, updated_at) ON account.preferences TO grove_account;

-- --------------------------------------------------------------------------------------- conversations

CREATE TABLE account.conversations (
	user_id              uuid NOT NULL REFERENCES account.users (id) ON DELETE CASCADE,
	id                   uuid NOT NULL,
	title_sealed         bytea,
	system_prompt_sealed bytea,
	settings             jsonb NOT NULL DEFAULT '{}' CONSTRAINT conversations_settings
	                     CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 16384),
	root_branch_id       uuid NOT NULL,
	active_branch_id     uuid NOT NULL,
	starred              boolean NOT NULL DEFAULT false,
	archived_at          timestamptz(3),
	created_at           timestamptz(3) NOT NULL DEFAULT now(),
	last_active_at       timestamptz(3) NOT NULL DEFAULT now(),
	CONSTRAINT conversations_pkey PRIMARY KEY (user_id, id)
);
CREATE INDEX conversations_list ON account.conversations
	(user_id, (archived_at IS NOT NULL), last_active_at DESC, id DESC);

-- The context of a leaf is its parent chain, so a branch stores no messages of its own: its first message
-- has the anchor as parent. span_* and quote count code points of the anchor's source text; context holds a
-- little text around the quote so that it can be found again.
CREATE TABLE account.branches (
	user_id           uuid NOT NULL,
	conversation_id   uuid NOT NULL,
	id                uuid NOT NULL,
	parent_id         uuid,
	anchor_message_id uuid,
	span_start        integer,
	span_end          integer,
	quote_sealed      bytea,
	context_sealed    bytea,
	title_sealed      bytea,
	leaf_message_id   uuid,
	archived_at       timestamptz(3),
	created_at        timestamptz(3) NOT NULL DEFAULT now(),
	CONSTRAINT branches_pkey PRIMARY KEY (user_id, conversation_id, id),
	CONSTRAINT branches_conversation FOREIGN KEY (user_id, conversation_id)
		REFERENCES account.conversations (user_id, id) ON DELETE CASCADE,
	CONSTRAINT branches_parent FOREIGN KEY (user_id, conversation_id, parent_id)
		REFERENCES account.branches (user_id, conversation_id, id),
	CONSTRAINT branches_root_has_no_anchor CHECK ((parent_id IS NULL) = (anchor_message_id IS NULL)),
	CONSTRAINT branches_not_own_parent CHECK (parent_id <> id),
	CONSTRAINT branches_span CHECK (
		(span_start IS NULL AND span_end IS NULL AND quote_sealed IS NULL AND context_sealed IS NULL)
		OR (anchor_message_id IS NOT NULL AND span_start >= 0 AND span_end > span_start
			AND quote_sealed IS NOT NULL)),
	CONSTRAINT branches_leaf_below_anchor CHECK (anchor_message_id IS NULL OR leaf_message_id IS NOT NULL)
);
CREATE UNIQUE INDEX branches_one_root ON account.branches (user_id, conversation_id) WHERE parent_id IS NULL;
CREATE INDEX branches_children ON account.branches (user_id, conversation_id, parent_id);

ALTER TABLE account.conversations
	ADD CONSTRAINT conversations_root_branch FOREIGN KEY (user_id, id, root_branch_id)
		REFERENCES account.branches (user_id, conversation_id, id),
	ADD CONSTRAINT conversations_active_branch FOREIGN KEY (user_id, id, active_branch_id)
		REFERENCES account.branches (user_id, conversation_id, id);

CREATE TABLE account.messages (
	user_id           uuid NOT NULL,
	conversation_id   uuid NOT NULL,
	id                uuid NOT NULL CONSTRAINT messages_id_not_nil
	                  CHECK (id <> '00000000-0000-0000-0000-000000000000'),
	branch_id         uuid NOT NULL,
	parent_id         uuid,
	-- The parent, with nil for "none": roots are siblings of each other like any children.
	parent_key        uuid NOT NULL GENERATED ALWAYS AS
	                  (COALESCE(parent_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
	ordinal           integer NOT NULL CONSTRAINT messages_ordinal CHECK (ordinal >= 0),
	depth             integer NOT NULL CONSTRAINT messages_depth
	                  CHECK (depth >= 0 AND (depth = 0) = (parent_id IS NULL)),
	parent_depth      integer GENERATED ALWAYS AS (depth - 1) STORED,
	role              text NOT NULL CONSTRAINT messages_role
	                  CHECK (role IN ('system', 'user', 'assistant', 'tool')),
	-- NULL while the text is still in message_parts: a running answer, or one whose run was lost.
	content_sealed    bytea,
	content_kind      text NOT NULL DEFAULT 'text' CONSTRAINT messages_content_kind
	                  CHECK (content_kind IN ('text', 'parts')),
	status            text NOT NULL CONSTRAINT messages_status
	                  CHECK (status IN ('running', 'completed', 'stopped', 'interrupted', 'failed')),
	run_id            uuid,
	model             text,
	provider          text,
	finish_reason     text,
	prompt_tokens     bigint,
	completion_tokens bigint,
	cached_tokens     bigint,
	reasoning_tokens  bigint,
	cost              numeric(18, 9),
	estimated         boolean NOT NULL DEFAULT false,
	created_at        timestamptz(3) NOT NULL DEFAULT now(),
	finished_at       timestamptz(3),
	CONSTRAINT messages_pkey PRIMARY KEY (user_id, id),
	CONSTRAINT messages_in_conversation UNIQUE (user_id, conversation_id, id),
	CONSTRAINT messages_with_depth UNIQUE (user_id, conversation_id, id, depth),
	CONSTRAINT messages_conversation FOREIGN KEY (user_id, conversation_id)
		REFERENCES account.conversations (user_id, id) ON DELETE CASCADE,
	CONSTRAINT messages_branch FOREIGN KEY (user_id, conversation_id, branch_id)
		REFERENCES account.branches (user_id, conversation_id, id),
	CONSTRAINT messages_parent FOREIGN KEY (user_id, conversation_id, parent_id, parent_depth)
		REFERENCES account.messages (user_id, conversation_id, id, depth),
	CONSTRAINT messages_running_is_open CHECK (status <> 'running' OR content_sealed IS NULL),
	CONSTRAINT messages_only_answers_are_open CHECK (role = 'assistant' OR content_sealed IS NOT NULL)
);
-- Children and siblings in their order; also the arbiter of that order.
CREATE UNIQUE INDEX messages_sibling_order ON account.messages
	(user_id, conversation_id, parent_key, ordinal) INCLUDE (id, branch_id, role);
-- The parent's foreign key looks here when a message is deleted.
CREATE INDEX messages_children ON account.messages (user_id, conversation_id, parent_id, parent_depth);
CREATE INDEX messages_of_branch ON account.messages (user_id, conversation_id, branch_id);
-- Few: answers still in parts.
CREATE INDEX messages_open ON account.messages (user_id, conversation_id) WHERE content_sealed IS NULL;

ALTER TABLE account.branches
	ADD CONSTRAINT branches_anchor FOREIGN KEY (user_id, conversation_id, anchor_message_id)
		REFERENCES account.messages (user_id, conversation_id, id),
	ADD CONSTRAINT branches_leaf FOREIGN KEY (user_id, conversation_id, leaf_message_id)
		REFERENCES account.messages (user_id, conversation_id, id);
CREATE INDEX branches_by_anchor ON account.branches (user_id, conversation_id, anchor_message_id);
CREATE INDEX branches_by_leaf ON account.branches (user_id, conversation_id, leaf_message_id);

-- One row for each answer not finished yet: what the reaper looks through. It is small and often updated,
-- so it stays apart from messages. An abandoned run keeps its row (reaped_at): when its writer comes back
-- after all, it goes on.
CREATE TABLE account.runs (
	user_id         uuid NOT NULL,
	message_id      uuid NOT NULL,
	conversation_id uuid NOT NULL,
	run_id          uuid NOT NULL,
	last_seq        integer NOT NULL DEFAULT 0,
	heartbeat_at    timestamptz(3) NOT NULL DEFAULT now(),
	reaped_at       timestamptz(3),
	CONSTRAINT runs_pkey PRIMARY KEY (user_id, message_id),
	CONSTRAINT runs_message FOREIGN KEY (user_id, message_id)
		REFERENCES account.messages (user_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);
CREATE INDEX runs_alive ON account.runs (heartbeat_at) WHERE reaped_at IS NULL;

-- Text of an answer that is being written, as it comes; folded into messages.content_sealed at the end,
-- when the run's row goes and takes the parts along.
CREATE TABLE account.message_parts (
	user_id     uuid NOT NULL,
	message_id  uuid NOT NULL,
	seq         integer NOT NULL CONSTRAINT message_parts_seq CHECK (seq >= 1),
	text_sealed bytea NOT NULL,
	CONSTRAINT message_parts_pkey PRIMARY KEY (user_id, message_id, seq),
	CONSTRAINT message_parts_run FOREIGN KEY (user_id, message_id)
		REFERENCES account.runs (user_id, message_id) ON DELETE CASCADE
);

-- Metadata of provider calls, never text: the request log, usage, and all that remains of an ephemeral call.
CREATE TABLE account.calls (
	user_id           uuid NOT NULL REFERENCES account.users (id) ON DELETE CASCADE,
	id                uuid NOT NULL,
	created_at        timestamptz(3) NOT NULL DEFAULT now(),
	run_id            uuid,
	conversation_id   uuid,
	model             text,
	provider          text,
	key_id            uuid,
	key_preview       text,
	source            text CONSTRAINT calls_source CHECK (source IN ('own', 'platform', 'session')),
	prompt_tokens     bigint,
	completion_tokens bigint,
	cached_tokens     bigint,
	reasoning_tokens  bigint,
	cost              numeric(18, 9),
	estimated         boolean NOT NULL DEFAULT false,
	latency_ms        integer,
	first_byte_ms     integer,
	status            text NOT NULL CONSTRAINT calls_status
	                  CHECK (status IN ('completed', 'stopped', 'interrupted', 'failed')),
	finish_reason     text,
	ephemeral         boolean NOT NULL DEFAULT false,
	CONSTRAINT calls_pkey PRIMARY KEY (user_id, id),
	CONSTRAINT calls_conversation FOREIGN KEY (user_id, conversation_id)
		REFERENCES account.conversations (user_id, id) ON DELETE SET NULL (conversation_id),
	CONSTRAINT calls_ephemeral_has_no_conversation CHECK (NOT ephemeral OR conversation_id IS NULL)
);
CREATE INDEX calls_list ON account.calls (user_id, created_at DESC, id DESC);
CREATE INDEX calls_of_conversation ON account.calls (user_id, conversation_id)
	WHERE conversation_id IS NOT NULL;

-- ---------------------------------------------------------------------------------- walls and rights

DO $$
BEGIN
	PERFORM grove_meta.make_tenant_table(t::regclass) FROM unnest(ARRAY['account.conversations',
		'account.branches', 'account.messages', 'account.message_parts', 'account.runs',
		'account.calls']) AS t;
END
$$;

-- The reaper works for nobody in particular. It may find abandoned runs (ids only), and then acts as each
-- run's own person.
CREATE POLICY reaper ON account.runs FOR SELECT
	USING (current_setting('app.reaper', true) = 'on' AND reaped_at IS NULL);

-- Sealed bytes do not compress; trying costs time.
ALTER TABLE account.messages ALTER COLUMN content_sealed SET STORAGE EXTERNAL;
ALTER TABLE account.message_parts ALTER COLUMN text_sealed SET STORAGE EXTERNAL;
ALTER TABLE account.branches ALTER COLUMN quote_sealed SET STORAGE EXTERNAL,
	ALTER COLUMN context_sealed SET STORAGE EXTERNAL;
ALTER TABLE account.conversations ALTER COLUMN system_prompt_sealed SET STORAGE EXTERNAL;

GRANT INSERT, DELETE, UPDATE (title_sealed, system_prompt_sealed, settings, active_branch_id, starred,
	archived_at, last_active_at) ON account.conversations TO grove_account;
GRANT INSERT, UPDATE (leaf_message_id) ON account.branches TO grove_account;
GRANT INSERT, UPDATE (content_sealed, content_kind, status, model, provider, finish_reason, prompt_tokens,
	completion_tokens, cached_tokens, reasoning_tokens, cost, estimated, finished_at)
	ON account.messages TO grove_account;
GRANT INSERT ON account.message_parts TO grove_account;
GRANT INSERT, DELETE, UPDATE (last_seq, heartbeat_at, reaped_at) ON account.runs TO grove_account;
GRANT INSERT ON account.calls TO grove_account;
