-- Who changed a row, when, and what: kept in three columns of the row itself.
--
-- modified_by  the setting shop.actor of the transaction, else the database user
-- modified_at  the moment of the change
-- change_info  {"operation": "insert"}, or
--              {"operation": "update", "columns": {"status": {"old": "pending", "new": "paid"}}}:
--              the changed columns only, values longer than 200 characters cut
--
-- Retention: change_info keeps the last change of a row and nothing older. Each further change overwrites it,
-- and a delete takes it along. The history is not lost: every version of the row, with its change_info, passes
-- into the lake's bronze table and stays there as long as bronze is kept. To forget old values in the source too,
-- run, say daily: select public.shop_purge_audit(interval '90 days');

create or replace function public.shop_cut(value jsonb) returns jsonb
    language sql
    immutable
as $$
    select
        case
            when length(value::text) <= 200 then value
            else to_jsonb(left(value #>> '{}', 200) || '… (' || length(value #>> '{}') || ' characters)')
        end
$$;

comment on function public.shop_cut(jsonb) is
    'Returns a value as it is, or, when it is longer than 200 characters, its beginning and its length.';

create or replace function public.shop_record_change() returns trigger
    language plpgsql
as $$
declare
    audit_columns constant text[] := array['modified_by', 'modified_at', 'change_info'];
    changed_columns jsonb;
    written record;
begin
    if tg_op = 'INSERT' then
        new.change_info := jsonb_build_object('operation', 'insert');
    else
        -- Reading the whole of new would fetch its TOASTed values into it, and they would be stored, and sent to
        -- the lake, once more. So the copy is read.
        written := new;
        select
            jsonb_object_agg(
                after.key,
                jsonb_build_object('old', public.shop_cut(before.value), 'new', public.shop_cut(after.value))
            )
        into changed_columns
        from jsonb_each(to_jsonb(written) - audit_columns) as after
        inner join jsonb_each(to_jsonb(old) - audit_columns) as before on after.key = before.key
        where after.value is distinct from before.value;

        -- An update of nothing else may only clear change_info; that is how shop_purge_audit works.
        if changed_columns is null then
            new.modified_by := old.modified_by;
            new.modified_at := old.modified_at;
            if new.change_info is not null then
                new.change_info := old.change_info;
            end if;
            return new;
        end if;

        new.change_info := jsonb_build_object('operation', 'update', 'columns', changed_columns);
    end if;

    new.modified_by := coalesce(nullif(current_setting('shop.actor', true), ''), session_user);
    new.modified_at := clock_timestamp();
    return new;
end
$$;

comment on function public.shop_record_change() is
    'Fills modified_by, modified_at and change_info of the row being written.';

create or replace function public.shop_purge_audit(keep interval) returns bigint
    language plpgsql
as $$
declare
    audited text;
    cleared bigint;
    total bigint := 0;
begin
    foreach audited in array array['users', 'products', 'orders', 'order_items', 'transactions'] loop
        execute format(
            'update public.%I set change_info = null where change_info is not null and modified_at < now() - $1',
            audited
        ) using keep;
        get diagnostics cleared = row_count;
        total := total + cleared;
    end loop;
    return total;
end
$$;

comment on function public.shop_purge_audit(interval) is
    'Clears change_info of rows last changed longer ago than the interval; returns how many rows it cleared.';
